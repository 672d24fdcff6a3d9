// Two custom roles; what they hold is read from the JSON files beside this folder, which are those
// that `asr-netmap roles` prints.

targetScope = 'subscription'

@description('Goes into the names of the roles, which are unique in a tenant.')
param suffix string

@description('Ids of the subscriptions in which they can be assigned, beside this one.')
param subscriptions array

var reader = loadJsonContent('../roles/reader.json')
var operator = loadJsonContent('../roles/operator.json')
var others = [for id in subscriptions: '/subscriptions/${id}']
// A role is made in the first of its assignable scopes (Microsoft Learn, custom roles by REST).
var scopes = union([
  subscription().id
], others)

resource readerRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, reader.Name, suffix)
  properties: {
    roleName: '${reader.Name} (${suffix})'
    description: reader.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: reader.Actions
        notActions: reader.NotActions
        dataActions: reader.DataActions
        notDataActions: reader.NotDataActions
      }
    ]
    assignableScopes: scopes
  }
}

resource operatorRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, operator.Name, suffix)
  properties: {
    roleName: '${operator.Name} (${suffix})'
    description: operator.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: operator.Actions
        notActions: operator.NotActions
        dataActions: operator.DataActions
        notDataActions: operator.NotDataActions
      }
    ]
    assignableScopes: scopes
  }
}

output readerId string = readerRole.name
output operatorId string = operatorRole.name
