import { CfnSlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot'
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Stack, type StackProps } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

export interface SlackChannelProps extends StackProps {
  /** The fence's id, which goes into the names. */
  readonly fence: string
  /** What the output TopicArn of the fence's stack says. */
  readonly topic: string
  /** Of the Slack workspace that somebody has let Amazon Q Developer into, by the console. */
  readonly workspace: string
  readonly channel: string
}

/** A fence's notices and alarms in a Slack channel, by Amazon Q Developer in chat applications, which was AWS Chatbot. */
export class SlackChannel extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { fence, topic, workspace, channel, ...props }: SlackChannelProps,
  ) {
    super(scope, id, { description: `A Slack channel for notices of sipfence ${fence}`, ...props })
    const lookAtAlarms = new ManagedPolicy(this, 'LookAtAlarms', {
      description: 'All that a chat may do: see alarms, and the graph beside one',
      statements: [
        new PolicyStatement({
          actions: [
            'cloudwatch:DescribeAlarms',
            'cloudwatch:GetMetricData',
            'cloudwatch:GetMetricWidgetImage',
          ],
          // CloudWatch has no resource level for metrics and their graphs.
          resources: ['*'],
        }),
      ],
    })
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('chatbot.amazonaws.com'),
      managedPolicies: [lookAtAlarms],
    })
    new CfnSlackChannelConfiguration(this, 'Channel', {
      configurationName: `sipfence-${fence}`,
      slackWorkspaceId: workspace,
      slackChannelId: channel,
      iamRoleArn: role.roleArn,
      // Documented: without guardrails, AdministratorAccess is what people in the channel may use at most.
      guardrailPolicies: [lookAtAlarms.managedPolicyArn],
      snsTopicArns: [topic],
      loggingLevel: 'ERROR',
    })
  }
}
