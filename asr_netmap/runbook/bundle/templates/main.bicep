// asr-netmap @@VERSION@@ in Azure Automation: account, runtime environment, package, runbook, nightly
// schedule, alert, two custom roles and their assignments. Made by `asr-netmap runbook bundle`.
// Deploy it into the resource group of the account, with netmap.yaml beside this file:
//
//   az deployment group create --resource-group GROUP --template-file main.bicep \
//     --parameters accountName=NAME packageUri=URL runbookUri=URL
//
// Its resource types and API versions are those of Microsoft Learn (templates reference, 2025);
// it was not compiled and not deployed where it was made.

targetScope = 'resourceGroup'

@description('Name of the Automation account.')
param accountName string

@description('false: the account is there already, with its system-assigned identity turned on.')
param createAccount bool = true

@description('Region of the account; of an existing one, its own.')
param location string = resourceGroup().location

@description('Where Azure Automation downloads the wheel from, such as a blob with a SAS.')
@secure()
param packageUri string

@description('SHA-256 of the wheel. Empty: Azure Automation does not compare.')
param packageSha256 string = '@@WHEEL_SHA256@@'

@description('Where Azure Automation downloads the runbook from.')
@secure()
param runbookUri string

@description('SHA-256 of the runbook. Empty: Azure Automation does not compare.')
param runbookSha256 string = '@@RUNBOOK_SHA256@@'

@description('The one string that the nightly job gets.')
param argument string = '@@ARGUMENT@@'

@description('When the nightly job runs for the first time, and at which time of day.')
param firstRun string = '${dateTimeAdd(utcNow(), 'P1D', 'yyyy-MM-dd')}T02:00:00+00:00'

@description('false when deploying again: Azure refuses a link of runbook and schedule that exists.')
param linkSchedule bool = true

@description('Who gets a mail when the job fails. Empty: no alert.')
param alertEmail string = ''

@description('Ids of the subscriptions of vault, networks and VMs: the reader looks there.')
param subscriptions array = [
  subscription().subscriptionId
]

@description('true: a second, user-assigned identity that may apply.')
param writer bool = false

@description('Where it may: the groups of the vault and of the target networks, each as {subscription: ID, group: NAME}.')
param writerGroups array = []

var runtimeName = 'asr-netmap-python@@PYTHON_DIGITS@@'
var runbookName = 'asr-netmap'
var variableName = '@@VARIABLE@@'
// The nightly job reads its configuration from an Automation variable.
var quotedNetmap = string([
  loadTextContent('netmap.yaml')
])
// In capitals, as in the examples of the service's own specification.
var packageHash = {
  algorithm: 'SHA256'
  value: toUpper(packageSha256)
}
var runbookHash = {
  algorithm: 'SHA256'
  value: toUpper(runbookSha256)
}
var ownIdentity = {
  type: 'SystemAssigned'
}
var bothIdentities = {
  type: 'SystemAssigned, UserAssigned'
  userAssignedIdentities: {
    '${writerIdentity.id}': {}
  }
}

resource writerIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (writer) {
  name: '${accountName}-writer'
  location: location
}

resource newAccount 'Microsoft.Automation/automationAccounts@2024-10-23' = if (createAccount) {
  name: accountName
  location: location
  identity: writer ? bothIdentities : ownIdentity
  properties: {
    sku: {
      name: 'Basic'
    }
  }
}

resource account 'Microsoft.Automation/automationAccounts@2024-10-23' existing = {
  name: accountName
}

resource runtime 'Microsoft.Automation/automationAccounts/runtimeEnvironments@2024-10-23' = {
  parent: account
  name: runtimeName
  location: location
  properties: {
    description: 'For asr-netmap alone: its package holds everything that it needs.'
    runtime: {
      language: 'Python'
      version: '@@PYTHON@@'
    }
  }
  dependsOn: [
    newAccount
  ]
}

resource package 'Microsoft.Automation/automationAccounts/runtimeEnvironments/packages@2024-10-23' = {
  parent: runtime
  name: '@@DISTRIBUTION@@'
  properties: {
    contentLink: {
      uri: packageUri
      contentHash: empty(packageSha256) ? null : packageHash
      version: '@@VERSION@@'
    }
  }
}

resource runbook 'Microsoft.Automation/automationAccounts/runbooks@2024-10-23' = {
  parent: account
  name: runbookName
  location: location
  properties: {
    description: 'Keeps the network side of disaster recovery as declared; takes one string.'
    runbookType: 'Python'
    runtimeEnvironment: runtime.name
    logProgress: false
    logVerbose: false
    publishContentLink: {
      uri: runbookUri
      contentHash: empty(runbookSha256) ? null : runbookHash
      version: '@@VERSION@@'
    }
  }
  dependsOn: [
    package
  ]
}

// The value of a variable is JSON: here a string, quoted by making a list of it and taking off the
// brackets.
resource variable 'Microsoft.Automation/automationAccounts/variables@2024-10-23' = {
  parent: account
  name: variableName
  properties: {
    description: 'netmap.yaml of asr-netmap'
    isEncrypted: false
    value: substring(quotedNetmap, 1, length(quotedNetmap) - 2)
  }
  dependsOn: [
    newAccount
  ]
}

resource nightly 'Microsoft.Automation/automationAccounts/schedules@2024-10-23' = {
  parent: account
  name: 'asr-netmap-nightly'
  properties: {
    description: 'Looks for drift; changes nothing.'
    startTime: firstRun
    frequency: 'Day'
    interval: 1
    timeZone: 'Etc/UTC'
  }
  dependsOn: [
    newAccount
  ]
}

// A link can't be changed, and a second one of the same two is refused (azure-docs#37854).
resource nightlyJob 'Microsoft.Automation/automationAccounts/jobSchedules@2024-10-23' = if (linkSchedule) {
  parent: account
  name: guid(account.id, runbookName, 'nightly')
  properties: {
    runbook: {
      name: runbook.name
    }
    schedule: {
      name: nightly.name
    }
    // Python runbooks get values by place; the name is nobody's (azure-powershell#20408).
    parameters: {
      argument: argument
    }
  }
  dependsOn: [
    variable
  ]
}

module roles 'modules/roles.bicep' = {
  name: 'asr-netmap-roles'
  scope: subscription()
  params: {
    suffix: accountName
    subscriptions: subscriptions
  }
}

module readerAssignments 'modules/subscription_assignment.bicep' = [
  for (id, i) in subscriptions: {
    name: 'asr-netmap-reader-${i}'
    scope: subscription(id)
    params: {
      principalId: account.identity.principalId
      roleId: roles.outputs.readerId
    }
    dependsOn: [
      newAccount
    ]
  }
]

module writerReads 'modules/subscription_assignment.bicep' = [
  for (id, i) in subscriptions: if (writer) {
    name: 'asr-netmap-writer-reads-${i}'
    scope: subscription(id)
    params: {
      principalId: writerIdentity.properties.principalId
      roleId: roles.outputs.readerId
    }
  }
]

module writerAssignments 'modules/group_assignment.bicep' = [
  for (each, i) in writerGroups: if (writer) {
    name: 'asr-netmap-writer-${i}'
    scope: resourceGroup(each.subscription, each.group)
    params: {
      principalId: writerIdentity.properties.principalId
      roleId: roles.outputs.operatorId
    }
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: '${accountName}-asr-netmap'
  location: 'global'
  properties: {
    groupShortName: 'asr-netmap'
    enabled: true
    emailReceivers: [
      {
        name: 'mail'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource failedJobs 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(alertEmail)) {
  name: '${accountName}-asr-netmap-failed'
  location: 'global'
  properties: {
    description: 'The nightly job of asr-netmap failed: drift, or it could not look. Its output says which.'
    severity: 2
    enabled: true
    scopes: [
      account.id
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'failed jobs'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Automation/automationAccounts'
          metricName: 'TotalJob'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
          dimensions: [
            {
              name: 'Runbook'
              operator: 'Include'
              values: [
                runbookName
              ]
            }
            {
              name: 'Status'
              operator: 'Include'
              values: [
                'Failed'
                'Stopped'
                'Suspended'
              ]
            }
          ]
        }
      ]
    }
    actions: [
      {
        actionGroupId: people.id
      }
    ]
  }
  dependsOn: [
    newAccount
  ]
}

@description('Client id of the identity that may apply, for the string that starts such a job.')
output writerClientId string = writer ? writerIdentity.properties.clientId : ''
