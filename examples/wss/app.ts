import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ApplicationLoadBalancer, ApplicationProtocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { InstanceIdTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets'
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2'
import { App, Duration, Stack } from 'aws-cdk-lib/core'
import { SipFence } from '../../lib/infra/sipfence.ts'

/** SIP over WebSocket behind a load balancer, with WAF before it. Put your ids in. */
const PBX = 'i-0123456789abcdef0'
const VPC = 'vpc-0123456789abcdef0'
/** Where the PBX takes secure WebSockets: 7443 in FreeSWITCH, 8089 in Asterisk. */
const WSS_PORT = 7443

const app = new App()
const voice = new Stack(app, 'Voice', { env: { region: 'eu-west-1', account: '123456789012' } })

const { places } = new SipFence(voice, 'Fence', {
  fence: {
    id: 'pbx',
    stack: 'Voice',
    region: 'eu-west-1',
    vpc: VPC,
    vpcCidrs: ['10.0.0.0/16'],
    pbxs: [{ id: PBX, addresses: ['10.0.0.10', '198.51.100.10'] }],
    networkAcls: [{ id: 'acl-0123456789abcdef0' }],
    // Count first; "block" once the metrics show that nobody is counted who should not be.
    firewalls: { ipSets: { action: 'count' } },
  },
})

const vpc = Vpc.fromVpcAttributes(voice, 'Vpc', {
  vpcId: VPC,
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  publicSubnetIds: ['subnet-00000000000000001', 'subnet-00000000000000002'],
})
const balancer = new ApplicationLoadBalancer(voice, 'Wss', {
  vpc,
  internetFacing: true,
  // A WebSocket that says nothing for longer is cut; phones ping every 30 seconds or so.
  idleTimeout: Duration.minutes(5),
})
balancer
  .addListener('Https', {
    port: 443,
    certificates: [
      Certificate.fromCertificateArn(
        voice,
        'Certificate',
        'arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000',
      ),
    ],
  })
  .addTargets('Pbx', {
    port: WSS_PORT,
    protocol: ApplicationProtocol.HTTPS,
    targets: [new InstanceIdTarget(PBX, WSS_PORT)],
    // A PBX answers a plain request on this port with an error, which shows well enough that it is there.
    healthCheck: { healthyHttpCodes: '200-499' },
  })

const acl = new CfnWebACL(voice, 'WebAcl', {
  scope: 'REGIONAL',
  defaultAction: { allow: {} },
  visibilityConfig: {
    metricName: 'wss',
    cloudWatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
  },
  rules: [
    {
      name: 'sipfence',
      priority: 0,
      statement: { ruleGroupReferenceStatement: { arn: places.ruleGroup!.attrArn } },
      overrideAction: { none: {} },
      visibilityConfig: {
        metricName: 'wss-sipfence',
        cloudWatchMetricsEnabled: true,
        sampledRequestsEnabled: true,
      },
    },
  ],
})
new CfnWebACLAssociation(voice, 'BeforeWss', {
  webAclArn: acl.attrArn,
  resourceArn: balancer.loadBalancerArn,
})
