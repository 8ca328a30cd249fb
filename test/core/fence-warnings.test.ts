import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import { proposeFence } from '../../lib/core/fence-proposal.ts'
import { type Balancer, found, type Surroundings, type TargetFound } from '../../lib/core/surroundings.ts'
import { onePrefix } from './arbitraries.ts'

const ALLOW = {
  ruleNumber: 100,
  action: 'allow',
  prefix: onePrefix('0.0.0.0/0'),
  protocol: -1,
  ports: null,
} as const
const SIP_RULE = {
  protocol: 17,
  ports: { from: 5060, to: 5060 },
  source: { kind: 'prefix', prefix: onePrefix('0.0.0.0/0') },
  description: '',
  tags: {},
} as const
const GROUP = {
  id: 'sg-1',
  rules: [SIP_RULE],
  weight: { 4: 1, 6: 0 },
  rulesQuota: 60,
  opensOut: { 4: true, 6: true },
  isOurs: false,
}
const ACL = { id: 'acl-1', subnets: ['subnet-1'], claimedBy: null, entries: [ALLOW] }
const QUIET: Surroundings = {
  region: 'eu-west-1',
  instance: {
    id: 'i-0123456789abcdef0',
    account: '123456789012',
    name: null,
    vpc: 'vpc-1',
    subnets: ['subnet-1'],
    addresses: [],
    profile: null,
  },
  role: found('pbx'),
  vpcCidrs: found([]),
  networkAcls: found([ACL]),
  aclQuota: found(20),
  groupQuota: found(60),
  groups: found([GROUP]),
  neighbours: found([]),
  targets: found([]),
  accelerators: found([]),
}
const NETWORK: Balancer = { arn: 'arn', name: 'edge', type: 'network', takesIpv6: true }
const TARGET: TargetFound = {
  group: 'sip',
  protocol: 'UDP',
  port: 5060,
  keepsSource: true,
  isIpv6: false,
  balancers: [NETWORK],
}

function proposed(more: Partial<Surroundings>) {
  const usual = {
    usualPorts: DEFAULTS.ports,
    usualWindow: DEFAULTS.window,
    usualEntries: DEFAULTS.trustedPeers.maxEntries,
  }
  return proposeFence({ ...QUIET, ...more }, usual)
}

function warnings(more: Partial<Surroundings>): readonly string[] {
  return proposed(more).warnings
}

const targets = (more: Partial<TargetFound>) => ({ targets: found([{ ...TARGET, ...more }]) })
const balancer = (more: Partial<Balancer>) => targets({ balancers: [{ ...NETWORK, ...more }] })

test('where no security group tells the ports they are the usual ones', () => {
  expect(proposed({ groups: found([{ ...GROUP, rules: [] }]) }).ports).toEqual(DEFAULTS.ports)
  expect(proposed({}).ports).toEqual([5060])
})

test('where all is well there is nothing to warn of', () => {
  expect(warnings({})).toEqual([])
})

describe('whoever sets up a fence is warned', () => {
  test.each([
    ['no network ACL rule for SIP', { networkAcls: found([{ ...ACL, entries: [] }]) }, /lets SIP in: nobody/],
    ['no role', { role: found(null) }, /has no IAM role/],
    ['no security group for SIP', { groups: found([{ ...GROUP, rules: [] }]) }, /nobody reaches the PBX/],
    ['a balancer that translates IPv6', targets({}), /edge translates IPv6 for target group sip/],
    ['a balancer for HTTP', balancer({ type: 'application' }), /takes HTTP for target group sip/],
    ['a gateway balancer', balancer({ type: 'gateway' }), /GENEVE/],
  ] as const)('of %s', (_, more, expected) => {
    expect(warnings(more).join('\n')).toMatch(expected)
  })

  test.each([
    ['a balancer that takes IPv4 alone', balancer({ takesIpv6: false })],
    ['one whose target takes IPv6 itself', targets({ isIpv6: true })],
  ])('and not of %s', (_, more) => {
    expect(warnings(more)).toEqual([])
  })
})
