import type { AclStore } from './acl-store.ts'
import type { ActionHandler, AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { describeInstances, type InstanceSeed } from './describe-instances.ts'
import { describeNetworkAcls } from './describe-network-acls.ts'
import type { NetworkInterfaceSeed } from './describe-network-interfaces.ts'
import { describeNetworkInterfaces } from './describe-network-interfaces.ts'
import { describeSecurityGroupRules, describeSecurityGroups } from './describe-security-groups.ts'
import { describeVpcs, type VpcSeed } from './describe-vpcs.ts'
import { entryActions } from './entry-actions.ts'
import { textIn } from './parameters.ts'
import { permissionActions } from './permission-actions.ts'
import { prefixListActions } from './prefix-list-actions.ts'
import type { PrefixListStore } from './prefix-list-store.ts'
import { EC2_QUERY } from './protocols.ts'
import type { SecurityGroupStore } from './security-group-store.ts'
import { tagActions } from './tag-actions.ts'

/** What the account holds of EC2. */
export interface Ec2Stores {
  readonly acls: AclStore
  readonly prefixLists: PrefixListStore
  readonly securityGroups: SecurityGroupStore
  readonly networkInterfaces: readonly NetworkInterfaceSeed[]
  readonly instances: readonly InstanceSeed[]
  readonly vpcs: readonly VpcSeed[]
}

/**
 * The part of EC2 that fences use. RequestLimitExceeded with 503 and InternalError with 500 are documented ("Error
 * codes for the Amazon EC2 API", server errors).
 *
 * @param ageMs asked once for each read, which then shows the state of that long ago
 */
export function ec2Api(stores: Ec2Stores, ageMs: () => number): AwsApi {
  const { acls, prefixLists, securityGroups, networkInterfaces, instances, vpcs } = stores
  const actions: Record<string, ActionHandler> = {
    DescribeInstances: (parameters) => describeInstances(instances, networkInterfaces, parameters),
    DescribeVpcs: (parameters) => describeVpcs(vpcs, parameters),
    DescribeNetworkAcls: (parameters) => describeNetworkAcls(acls, parameters, ageMs()),
    DescribeNetworkInterfaces: (parameters) => describeNetworkInterfaces(networkInterfaces, parameters),
    DescribeSecurityGroups: (parameters) => describeSecurityGroups(securityGroups, parameters, ageMs()),
    DescribeSecurityGroupRules: (parameters) =>
      describeSecurityGroupRules(securityGroups, parameters, ageMs()),
    ...entryActions(acls),
    ...tagActions(acls, ageMs),
    ...prefixListActions(prefixLists, ageMs),
    ...permissionActions(securityGroups),
  }
  return {
    name: 'ec2',
    protocol: EC2_QUERY,
    actions: Object.fromEntries(Object.entries(actions).map(([name, run]) => [name, withDryRun(run)])),
    throttled: { code: 'RequestLimitExceeded', status: 503 },
    internal: { code: 'InternalError', status: 500 },
  }
}

/**
 * DryRun is documented to change nothing and to answer DryRunOperation where the permissions suffice, which they
 * always do here. Its status 412 is observed; that it comes before every other check is inferred.
 */
function withDryRun(run: ActionHandler): ActionHandler {
  return (parameters, caller) => {
    if (textIn(parameters, 'DryRun') !== 'true') return run(parameters, caller)
    throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set', 412)
  }
}
