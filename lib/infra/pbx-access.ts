import {
  AnyPrincipal,
  Effect,
  InstanceProfile,
  type IRole,
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Stack } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { useKey } from './own-key.ts'

/** What a PBX may do on AWS: find the fence's reports queue and send to it, nothing else; and nobody else may send. */
export class PbxAccess extends Construct {
  readonly policy: ManagedPolicy
  /** The role of the PBXs' instances, made here or there already. */
  readonly role: IRole
  /** Made where the settings name no `instanceRole`. */
  readonly instanceProfile?: InstanceProfile

  constructor(
    scope: Construct,
    id: string,
    { instanceRole }: FenceConfig,
    reports: IQueue,
    key: IKey | undefined,
  ) {
    super(scope, id)
    this.policy = new ManagedPolicy(this, 'Policy', {
      description: 'Lets a PBX send its reports to sipfence',
      statements: [
        new PolicyStatement({
          actions: ['sqs:SendMessage', 'sqs:GetQueueUrl'],
          resources: [reports.queueArn],
        }),
        ...(key === undefined ? [] : [useKey(this, key, ['sqs'])]),
      ],
    })
    if (instanceRole === undefined) {
      const role = this.#newRole()
      this.role = role
      this.instanceProfile = new InstanceProfile(this, 'InstanceProfile', { role })
      reports.addToResourcePolicy(nobodySendsBut([role.roleArn], reports))
    } else {
      this.role = Role.fromRoleName(this, 'Role', instanceRole)
      this.policy.attachToRole(this.role)
      reports.addToResourcePolicy(nobodySendsBut(this.#arnsOf(instanceRole), reports))
    }
  }

  #newRole(): Role {
    return new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [this.policy],
    })
  }

  /** The name of a role is its own in the account; the path before it is not known. */
  #arnsOf(role: string): readonly string[] {
    return [role, `*/${role}`].map((resourceName) =>
      Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName }),
    )
  }
}

/**
 * Reports are believed by the sender's session name, which on an instance is its id; whoever takes another role
 * chooses the name. For a session `aws:PrincipalArn` is the ARN of its role, and a negated condition holds without it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
function nobodySendsBut(roles: readonly string[], queue: IQueue): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['sqs:SendMessage'],
    resources: [queue.queueArn],
    conditions: { ArnNotLike: { 'aws:PrincipalArn': roles } },
  })
}
