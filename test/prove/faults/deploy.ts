import type { PlantedFault } from '../planted-fault.ts'

/** Faults in what is deployed: rights, queues and alarms. */
export const DEPLOY_FAULTS: readonly PlantedFault[] = [
  {
    name: 'queues: a report that fails once is put aside',
    file: 'lib/infra/queues.ts',
    find: 'maxReceiveCount: 5',
    replace: 'maxReceiveCount: 1',
    tests: ['test/infra/stack.test.ts'],
    only: 'queue|dead',
  },
  {
    name: 'queues: anybody in the account sends reports',
    file: 'lib/infra/pbx-access.ts',
    find: "conditions: { ArnNotLike: { 'aws:PrincipalArn': roles } },",
    replace: "conditions: { ArnLike: { 'aws:PrincipalArn': roles } },",
    tests: ['test/infra/permissions.test.ts'],
    only: 'a PBX',
  },
  {
    name: 'permissions: every tag of a network ACL may be removed',
    file: 'lib/infra/permissions.ts',
    find: "Null: { 'aws:TagKeys': 'false' },",
    replace: '',
    tests: ['test/infra/permissions.test.ts'],
    only: 'set and remove one tag',
  },
  {
    name: 'permissions: every network ACL may be written',
    file: 'lib/infra/permissions.ts',
    find: 'NetworkAclEntry`), resources: acls',
    replace: "NetworkAclEntry`), resources: ['*']",
    tests: ['test/infra/permissions.test.ts'],
    only: 'nothing in the stack allows every resource',
  },
  {
    name: 'permissions: tags of any rule may be changed',
    file: 'lib/infra/tier-permissions.ts',
    find: "conditions: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } },",
    replace: '',
    tests: ['test/infra/permissions.test.ts'],
    only: 'while it is made',
  },
  {
    name: 'alarms: rounds that no longer run raise none',
    file: 'lib/infra/alarms.ts',
    find: 'missing: TreatMissingData.BREACHING,',
    replace: '',
    tests: ['test/infra/alarms.test.ts'],
  },
  {
    name: 'alarms: a full network ACL raises none',
    file: 'lib/infra/alarms.ts',
    find: "over('FreeEntries', Stats.MINIMUM)",
    replace: "over('FreeEntries', Stats.MAXIMUM)",
    tests: ['test/infra/alarms.test.ts'],
  },
]
