import type { AclStore } from './acl-store.ts'
import type { ActionHandler, AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { describeNetworkAcls } from './describe-network-acls.ts'
import { entryActions } from './entry-actions.ts'
import { textIn } from './parameters.ts'
import { EC2_QUERY } from './protocols.ts'
import { tagActions } from './tag-actions.ts'

/**
 * The part of EC2 that fences use. RequestLimitExceeded with 503 and InternalError with 500 are documented ("Error
 * codes for the Amazon EC2 API", server errors).
 *
 * @param ageMs asked once for each read, which then shows the state of that long ago
 */
export function ec2Api(store: AclStore, ageMs: () => number): AwsApi {
  const actions: Record<string, ActionHandler> = {
    DescribeNetworkAcls: (parameters) => describeNetworkAcls(store, parameters, ageMs()),
    ...entryActions(store),
    ...tagActions(store, ageMs),
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
