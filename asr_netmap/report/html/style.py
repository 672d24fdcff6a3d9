"""How the report looks: light and dark, wide and narrow, on paper. One fixed text."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--bg:#f4f6f9;--card:#fff;--ink:#18202c;--soft:#515c6e;--edge:#d6dce5;
--link:#0b5cad;--good:#17683a;--bad:#ad1f14;--warn:#7d4b00;--info:#1c5a9e;--goodbg:#e3f3ea;
--badbg:#fdeae8;--warnbg:#fcf0d9;--infobg:#e5effa;--region:#eaeef4;--bar:#dbe1ea;--shadow:#18202c14}
@media (prefers-color-scheme:dark){:root{--bg:#10141a;--card:#191f28;--ink:#e8ecf3;--soft:#a8b2c2;
--edge:#364050;--link:#8cc2ff;--good:#74d39f;--bad:#ff9d92;--warn:#f2c469;--info:#8fc3ff;
--goodbg:#15301f;--badbg:#3b1b19;--warnbg:#352911;--infobg:#152a42;--region:#141a22;--bar:#323c4a;
--shadow:#0000}}
*{box-sizing:border-box}
table+table{margin-top:1.2rem}
html{scroll-behavior:smooth;scroll-padding-top:3.6rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--ink);overflow-wrap:anywhere;
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
h1,h2,h3,h4,p,ul,ol,dl,dd{margin:0}
h1{font-size:1.75rem;line-height:1.2;letter-spacing:-.01em}
h2{font-size:1.25rem;margin-bottom:.75rem}
h3{font-size:1rem;margin:1.25rem 0 .5rem}
h3:first-of-type{margin-top:.25rem}
a{color:var(--link);text-underline-offset:2px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
code,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.92em}
.skip{position:absolute;left:-99rem;top:0;padding:.5rem 1rem;background:var(--card);z-index:3}
.skip:focus{left:.5rem;top:.5rem}
.banner{background:var(--warnbg);color:var(--warn);border-bottom:2px solid var(--warn);
font-weight:700;text-align:center;padding:.6rem 1rem}
div.top,main,footer{max-width:1140px;margin:0 auto;padding:0 20px}
div.top{padding-top:1.75rem}
.kicker{color:var(--soft);font-size:.85rem;font-weight:600;letter-spacing:.06em;
text-transform:uppercase;margin-bottom:.35rem}
.arrow{color:var(--soft);font-weight:400}
.verdict{display:flex;gap:.7rem;align-items:center;margin:1rem 0;padding:.8rem 1rem;
border-radius:10px;font-size:1.05rem;font-weight:600;border:1px solid}
.verdict.good{background:var(--goodbg);color:var(--good)}
.verdict.warning{background:var(--warnbg);color:var(--warn)}
.verdict.bad{background:var(--badbg);color:var(--bad)}
.verdict .big{font-size:1.3rem;line-height:1}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.75rem;
margin:1rem 0}
.tiles div{background:var(--card);border:1px solid var(--edge);border-radius:10px;
padding:.7rem .9rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}
.tiles dd.error{color:var(--bad)}.tiles dd.warning{color:var(--warn)}
.tiles dt{color:var(--soft);font-size:.85rem;line-height:1.3}
.tiles dd{font-size:1.5rem;font-weight:650;line-height:1.2}
.tiles small{color:var(--soft);font-size:.95rem;font-weight:500}
nav{position:sticky;top:0;z-index:2;background:var(--bg);border-bottom:1px solid var(--edge);
margin-top:1.25rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.3rem;max-width:1140px;
margin:0 auto;padding:.55rem 20px}
nav a{display:inline-block;padding:.2rem 0;text-decoration:none;font-weight:600}
nav a:hover{text-decoration:underline}
section{background:var(--card);border:1px solid var(--edge);border-radius:14px;
padding:1.25rem;margin:1.25rem 0;box-shadow:0 1px 3px var(--shadow)}
.vault{font-size:1.5rem;margin:2.2rem 0 -.2rem}
.soft,.tiles dt{color:var(--soft)}
.nothing{color:var(--soft);padding:.5rem 0}
.lead{color:var(--soft);margin-bottom:.9rem}
details{margin:.75rem 0 0}
summary{cursor:pointer;font-weight:600;padding:.25rem 0}
footer{padding-bottom:3rem;color:var(--soft);font-size:.9rem}
.scroll{overflow-x:auto;border-radius:10px}
svg.map{display:block;width:100%;min-width:760px;height:auto}
svg.map text{fill:var(--ink);font:13px system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",
sans-serif}
svg.map .end{text-anchor:end}
svg.map .mono{font:11.5px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:var(--soft)}
svg.map .region{fill:var(--region);stroke:var(--edge)}
svg.map .region-name{font-size:17px;font-weight:700}
svg.map .region-role,svg.map .items,svg.map .fill,svg.map .soft,svg.map .none{fill:var(--soft);
font-size:12px}
svg.map .none{text-anchor:middle}
svg.map .sandbox{fill:var(--warn);font-size:14px;font-weight:800;letter-spacing:.14em;
text-anchor:middle}
svg.map .network>rect{fill:var(--card);stroke:var(--edge);stroke-width:1.5}
svg.map .planned>rect{stroke:var(--info);stroke-dasharray:6 4}
svg.map .unseen>rect{stroke:var(--warn);stroke-dasharray:2 4}
svg.map .absent>rect{stroke:var(--bad);stroke-dasharray:2 4}
svg.map .name{font-size:15px;font-weight:650}
svg.map .subnet-name{font-size:12.5px}
svg.map .presence{font-size:11.5px;font-weight:600;fill:var(--info)}
svg.map .unseen .presence{fill:var(--warn)}
svg.map .absent .presence{fill:var(--bad)}
svg.map .bar{fill:var(--bar)}
svg.map .used{fill:var(--info)}
svg.map .full .used{fill:var(--bad)}
svg.map .full .fill{fill:var(--bad);font-weight:700}
svg.map .line{fill:none;stroke-width:2.25}
svg.map .paired .line{stroke:var(--good)}
svg.map .paired .head,svg.map .paired .label{fill:var(--good)}
svg.map .missing .line{stroke:var(--bad);stroke-dasharray:7 6}
svg.map .missing .head,svg.map .missing .label{fill:var(--bad)}
svg.map .unsettled .line,svg.map .unseen .line{stroke:var(--warn);stroke-dasharray:2 5}
svg.map .unsettled .head,svg.map .unsettled .label,svg.map .wire.unseen .head,
svg.map .wire.unseen .label{fill:var(--warn)}
svg.map .label{font-size:11.5px;font-weight:650}
svg.map .missing .label{font-weight:800}
svg.map .coming{font-size:11px;fill:var(--info)}
svg.map .disc{fill:var(--card);stroke-width:2;stroke:var(--warn)}
svg.map .missing .disc{stroke:var(--bad)}
svg.map .sign{text-anchor:middle;font-size:13px;font-weight:800;fill:var(--warn)}
svg.map .missing .sign{fill:var(--bad)}
.sideways{display:none}
.ways{font-weight:700;margin:.2rem 0}
.ways.good{color:var(--good)}.ways.bad{color:var(--bad)}
.ways+ul{margin:.2rem 0 .9rem;padding-left:1.4rem}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.4rem;list-style:none;padding:0;margin:.8rem 0 0;
color:var(--soft);font-size:.9rem}
.legend b{font-weight:700}
.legend .g{color:var(--good)}.legend .b{color:var(--bad)}.legend .w{color:var(--warn)}
.legend .i{color:var(--info)}
.finding{border:1px solid var(--edge);border-left:5px solid var(--info);border-radius:8px;
padding:.75rem 1rem;margin:.6rem 0}
.finding.error{border-left-color:var(--bad)}
.finding.warning{border-left-color:var(--warn)}
.finding h4{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem;font-size:.95rem}
.finding ul{padding-left:1.1rem;margin:.4rem 0 0}
.finding li{margin:.3rem 0}
.finding>.soft{margin-top:.3rem;font-size:.92rem}
.finding .word{font-weight:600}
.finding.error .word{color:var(--bad)}.finding.warning .word{color:var(--warn)}
.finding.info .word{color:var(--info)}
.fix{margin-top:.45rem}
.mark{display:inline-flex;align-items:center;justify-content:center;width:1.35rem;height:1.35rem;
border-radius:50%;font-size:.8rem;font-weight:800;border:1.5px solid;flex:none}
.mark.error{color:var(--bad);background:var(--badbg)}
.mark.warning{color:var(--warn);background:var(--warnbg)}
.mark.info{color:var(--info);background:var(--infobg)}
code.copy{background:var(--infobg);color:var(--ink);padding:.12rem .4rem;border-radius:5px;
box-decoration-break:clone;-webkit-box-decoration-break:clone}
button{font:inherit;color:var(--link);background:var(--card);border:1px solid var(--edge);
border-radius:6px;padding:.15rem .6rem;cursor:pointer}
button:hover{border-color:var(--link)}
button.small{font-size:.8rem;margin-left:.4rem;padding:0 .45rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;table-layout:fixed}
caption{text-align:left;color:var(--soft);padding-bottom:.5rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .6rem;border-bottom:1px solid var(--edge)}
thead th{overflow-wrap:normal;border-bottom:2px solid var(--edge);font-size:.85rem}
thead th button{all:unset;cursor:pointer;font-weight:700;color:var(--link)}
thead th button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
tbody th{font-weight:650}
table.networks th:nth-child(1){width:21%}table.networks th:nth-child(2){width:18%}
table.networks th:nth-child(3){width:17%}table.networks th:nth-child(4){width:9%}
table.run th:nth-child(1){width:9%}table.run th:nth-child(2){width:31%}
table.run th:nth-child(3){width:40%}
table[data-live] th:nth-child(1){width:11%}table[data-live] th:nth-child(2){width:14%}
table[data-live] th:nth-child(3){width:14%}table[data-live] th:nth-child(4){width:24%}
table[data-live] th:nth-child(5){width:15%}
tbody .soft{font-weight:400;font-size:.92em}
tr.e>th:first-child{box-shadow:inset 4px 0 var(--bad)}
tr.w>th:first-child{box-shadow:inset 4px 0 var(--warn)}
tr.r>th:first-child{box-shadow:inset 4px 0 var(--bad)}
tr.told td{background:var(--infobg)}
.late{content-visibility:auto;contain-intrinsic-size:auto 600px}
.later{margin-top:.35rem;padding-top:.3rem;border-top:1px dashed var(--edge)}
.chip{display:inline-block;white-space:nowrap;border-radius:99px;padding:0 .5rem;
font-size:.8rem;font-weight:650;border:1px solid}
.chip.good{color:var(--good);background:var(--goodbg)}
.chip.wait{color:var(--warn);background:var(--warnbg)}
.chip.bad{color:var(--bad);background:var(--badbg)}
a.why{white-space:nowrap;font-size:.85em}
.reasons{padding-left:2.2rem;margin-top:.4rem}
.reasons li{margin:.25rem 0}
.reasons li:target{background:var(--infobg)}
.plain{list-style:none;padding:0}
del{color:var(--bad)}ins{color:var(--good);text-decoration:none;font-weight:600}
.controls{display:flex;flex-wrap:wrap;gap:.6rem 1.1rem;align-items:center;margin-bottom:.8rem}
.controls[hidden]{display:none}
.controls label{display:flex;gap:.5rem;align-items:center;color:var(--soft);font-size:.9rem}
input,select{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);
border-radius:7px;padding:.3rem .6rem;max-width:100%}
.more{margin-top:.7rem}
@media screen and (max-width:720px){
div.top,main,footer,nav ul{padding-left:14px;padding-right:14px}
h1{font-size:1.35rem}section{padding:.9rem;border-radius:10px}
nav{position:static}
table.cards thead{position:absolute;left:-99rem}
table[data-live] thead{position:static;display:block}
table[data-live] thead tr{border:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem .9rem}
table[data-live] thead th{width:auto!important;border:0;padding:.15rem 0;display:block}
table.cards,table.cards tbody,table.cards caption{display:block}
table.cards tr{display:block;border:1px solid var(--edge);border-radius:8px;margin-bottom:.6rem;
padding:.3rem 0}
table.cards td,table.cards tbody th{display:block;width:auto!important;border:0;padding:.2rem .7rem}
table.cards td::before{color:var(--soft);font-size:.8rem;display:block}
table.cards[data-live] td:nth-of-type(1)::before{content:"NIC and IP config"}
table.cards[data-live] td:nth-of-type(2)::before{content:"Today"}
table.cards[data-live] td:nth-of-type(3)::before{content:"At failover"}
table.cards[data-live] td:nth-of-type(4)::before{content:"At test failover"}
table.cards[data-live] td:nth-of-type(5)::before{content:"Ready, and findings"}
.sideways{display:block;color:var(--soft);font-size:.85rem;margin-bottom:.4rem}
.controls label{flex:1 1 100%;min-width:0}
.controls input,.controls select{flex:1;min-width:0}
}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--edge:#bbb;--link:#003a75;
--good:#0d4d29;--bad:#8a130b;--warn:#5f3800;--info:#0f3f73;--goodbg:#fff;--badbg:#fff;
--warnbg:#fff;--infobg:#f3f6fa;--region:#f4f6f9;--bar:#dde3ea;--shadow:#0000}
@page{margin:14mm}
body{font-size:10.5pt}
nav,.skip,.sideways,.controls,.small,.more{display:none!important}
thead th button{color:var(--ink)}
div.top,main,footer{max-width:none;padding:0}
section{border:0;padding:0;margin:1.2rem 0;box-shadow:none}
.late{content-visibility:visible}
details::details-content{content-visibility:visible;display:block}
svg.map{min-width:0;break-inside:avoid}
tr,.finding,.tiles div{break-inside:avoid}
thead{display:table-header-group}
h2,h3{break-after:avoid}
caption{break-after:avoid}
body.sandbox{page:sandbox}body.cassette{page:cassette}
}
@page sandbox{@bottom-center{content:"SANDBOX: nothing here comes from Azure";font:8pt sans-serif}}
@page cassette{@bottom-center{content:"A recording, not what Azure says now";font:8pt sans-serif}}
""".strip()
