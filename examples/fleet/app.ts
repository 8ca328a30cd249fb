import { Topic } from 'aws-cdk-lib/aws-sns'
import { App, Stack } from 'aws-cdk-lib/core'
import type { FenceSettings } from '../../lib/config.ts'
import { SipFence } from '../../lib/infra/sipfence.ts'

/**
 * Two sites, each a VPC with several PBXs in several subnets. A fence is one VPC's: its PBXs share what they know of
 * sources, and each block stands in every network ACL of theirs. Put your ids in.
 */
const SITES: Readonly<Record<string, FenceSettings>> = {
  frankfurt: {
    id: 'frankfurt',
    region: 'eu-central-1',
    vpc: 'vpc-0123456789abcdef0',
    vpcCidrs: ['10.1.0.0/16'],
    instanceRole: 'pbx',
    pbxs: [
      { id: 'i-00000000000000001', addresses: ['10.1.0.10', '198.51.100.11'] },
      { id: 'i-00000000000000002', addresses: ['10.1.1.10', '198.51.100.12'] },
    ],
    // One for each subnet with a PBX in it, each named once.
    networkAcls: [{ id: 'acl-00000000000000001' }, { id: 'acl-00000000000000002' }],
    ports: [5060, 5080],
  },
  dublin: {
    id: 'dublin',
    region: 'eu-west-1',
    vpc: 'vpc-0fedcba9876543210',
    vpcCidrs: ['10.2.0.0/16'],
    instanceRole: 'pbx',
    pbxs: [{ id: 'i-00000000000000003', addresses: ['10.2.0.10', '198.51.100.13'] }],
    networkAcls: [{ id: 'acl-00000000000000003' }],
  },
}

/** What all sites have in common. */
const COMMON: Pick<FenceSettings, 'allow' | 'mode'> = {
  allow: ['203.0.113.0/24', '192.0.2.64/26'],
  mode: 'observe',
}

const app = new App()
for (const [site, settings] of Object.entries(SITES)) {
  const stackName = `Voice-${site}`
  const env = { account: '123456789012', region: settings.region! }
  const stack = new Stack(app, stackName, { env })
  // Notices and alarms of a site go to one topic, to which whoever is on duty is subscribed.
  const topic = new Topic(stack, 'Oncall')
  new SipFence(stack, 'Fence', { fence: { ...COMMON, ...settings, stack: stackName }, topic })
}
