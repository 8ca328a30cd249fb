import { InstanceProfile, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'

/** What a PBX may do on AWS: find the fence's reports queue and send to it, nothing else. */
export class PbxAccess extends Construct {
  readonly policy: ManagedPolicy
  /** Made where the settings name no `instanceRole`. */
  readonly instanceProfile?: InstanceProfile

  constructor(scope: Construct, id: string, { instanceRole }: FenceConfig, reports: IQueue) {
    super(scope, id)
    this.policy = new ManagedPolicy(this, 'Policy', {
      description: 'Lets a PBX send its reports to sipfence',
      statements: [
        new PolicyStatement({
          actions: ['sqs:SendMessage', 'sqs:GetQueueUrl'],
          resources: [reports.queueArn],
        }),
      ],
    })
    if (instanceRole === undefined)
      this.instanceProfile = new InstanceProfile(this, 'InstanceProfile', { role: this.#newRole() })
    else this.policy.attachToRole(Role.fromRoleName(this, 'Role', instanceRole))
  }

  #newRole(): Role {
    return new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [this.policy],
    })
  }
}
