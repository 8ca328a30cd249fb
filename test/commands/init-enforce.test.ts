import { describe, expect, test } from 'vitest'
import { balancerArn } from '../aws/elbv2-api.ts'
import {
  ACL,
  ALLOCATION,
  BEHIND,
  inbound,
  NLB,
  OTHER,
  openInitAccount,
  PBX,
  refused,
  SUBNET,
  said,
  VPC,
} from './init-account.ts'

describe('sipfence init --enforce', () => {
  test.each([
    [
      'an instance behind an accelerator',
      { accelerators: [{ name: 'ga', from: 5060, to: 5061, endpoints: [{ id: PBX, keepsSource: true }] }] },
      /accelerator ga leads SIP to i-0123456789abcdef0 and keeps .* network ACLs do not filter/,
    ],
    [
      'an instance of which the accelerator says nothing more',
      { accelerators: [{ name: 'ga', from: 5060, to: 5061, endpoints: [{ id: PBX }] }] },
      /network ACLs do not filter/,
    ],
    [
      'an Elastic IP behind an accelerator',
      { accelerators: [{ name: 'ga', from: 5060, to: 5061, endpoints: [{ id: ALLOCATION }] }] },
      /accelerator ga leads SIP to eipalloc-00000000000000001 and hides the sources/,
    ],
    [
      'a port that an accelerator leads to SIP',
      {
        accelerators: [
          {
            name: 'ga',
            from: 80,
            to: 80,
            overrides: [{ listener: 80, endpoint: 5060 }],
            endpoints: [{ id: PBX }],
          },
        ],
      },
      /accelerator ga leads SIP/,
    ],
    [
      'a subnet behind a custom routing accelerator',
      { accelerators: [{ name: 'cr', kind: 'custom', from: 5000, to: 6000, endpoints: [{ id: SUBNET }] }] },
      /accelerator cr leads SIP to subnet-00000000000000001 and keeps/,
    ],
    [
      'an accelerator before its load balancer, on the second page',
      {
        balancers: [NLB],
        targetGroups: [{ ...BEHIND, protocol: 'UDP', port: 5060 }],
        accelerators: [
          ...Array.from({ length: 10 }, (_, i) => ({ name: `other${i}`, from: 80, to: 80, endpoints: [] })),
          {
            name: 'eleventh',
            from: 5060,
            to: 5060,
            endpoints: [{ id: balancerArn('edge'), keepsSource: true }],
          },
        ],
      },
      /accelerator eleventh leads SIP to arn:aws:elasticloadbalancing:/,
    ],
    [
      'a load balancer that hides the sources of TCP',
      {
        balancers: [NLB],
        targetGroups: [{ ...BEHIND, protocol: 'TCP', port: 5060, preservesClientIp: false }],
      },
      /load balancer edge hides the sources .* target group sip \(TCP 5060\).* preserve_client_ip\.enabled/,
    ],
    [
      'addresses as targets of TCP, which do so by default, on the second page',
      {
        balancers: [NLB],
        pageSize: 1,
        targetGroups: [
          { name: 'web', protocol: 'TCP', port: 443, targets: [] },
          {
            ...BEHIND,
            protocol: 'TCP',
            port: 1,
            targetType: 'ip',
            vpcId: 'vpc-00000000000000009',
            targets: [{ id: '10.0.0.10', port: 5060 }],
          },
        ],
      },
      /load balancer edge hides the sources .* target group sip \(TCP 5060\)/,
    ],
    [
      'no rule number before the allow',
      { acls: [{ id: ACL, vpcId: VPC, subnetIds: [SUBNET], entries: [inbound(1, 'allow')] }] },
      /no free rule number before rule 1, which lets SIP in.* move that rule to a higher number/,
    ],
    [
      'a network ACL that is full',
      {
        acls: [
          {
            id: ACL,
            vpcId: VPC,
            subnetIds: [SUBNET],
            entries: Array.from({ length: 19 }, (_, i) => inbound(200 + i, 'deny', `192.0.2.${i}/32`)),
          },
        ],
      },
      /has as many IPv4 rules as AWS allows.* L-2AEEBF1A/,
    ],
    [
      'a network ACL of another fence',
      { acls: [{ id: ACL, vpcId: VPC, subnetIds: [SUBNET], tags: { 'sipfence:fence': 'else' } }] },
      /belongs to fence "else" already/,
    ],
  ] as [string, Parameters<typeof openInitAccount>[0], RegExp][])(
    'is refused with %s, and observe is not',
    async (_, options, words) => {
      const account = await openInitAccount(options)
      const err = await refused(account, PBX, '--yes', '--enforce')
      expect(err).toContain('Cannot write mode enforce for i-0123456789abcdef0: its blocks would be void')
      expect(err).toMatch(words)
      expect(err).toContain('Leave --enforce out')
      expect(await said(account)).toMatch(words)
      expect(account.settings()?.fences[0]?.mode).toBe('observe')
    },
  )

  test.each([
    [
      'a load balancer that brings UDP, and so keeps the sources',
      { balancers: [NLB], targetGroups: [{ ...BEHIND, protocol: 'UDP', port: 5060 }] },
    ],
    [
      'a load balancer that keeps the sources of TCP',
      {
        balancers: [NLB],
        targetGroups: [{ ...BEHIND, protocol: 'TCP', port: 5060, preservesClientIp: true }],
      },
    ],
    [
      'a load balancer of other ports',
      {
        balancers: [NLB],
        targetGroups: [{ ...BEHIND, protocol: 'TCP', port: 443, preservesClientIp: false }],
      },
    ],
    [
      'a load balancer before somebody else',
      {
        balancers: [NLB],
        targetGroups: [
          { ...BEHIND, targets: [{ id: OTHER }], protocol: 'TCP', port: 5060, preservesClientIp: false },
        ],
      },
    ],
    [
      'accelerators that are disabled, of other ports, or lead elsewhere',
      {
        accelerators: [
          { name: 'a', enabled: false, from: 5060, to: 5060, endpoints: [{ id: PBX }] },
          { name: 'b', from: 443, to: 443, endpoints: [{ id: PBX }] },
          {
            name: 'c',
            from: 5060,
            to: 5060,
            endpoints: [{ id: OTHER }, { id: 'eipalloc-0000000000000000f' }],
          },
          {
            name: 'd',
            kind: 'custom',
            from: 5060,
            to: 5060,
            endpoints: [{ id: 'subnet-0000000000000000f' }],
          },
        ],
      },
    ],
  ] as [string, Parameters<typeof openInitAccount>[0]][])('is done with %s', async (_, options) => {
    const account = await openInitAccount(options)
    await said(account, '--enforce')
    expect(account.settings()?.fences[0]?.mode).toBe('enforce')
  })

  test('warns of a load balancer that translates IPv6, and of one for HTTP', async () => {
    const account = await openInitAccount({
      balancers: [
        { ...NLB, ipAddressType: 'dualstack' },
        { name: 'web', type: 'application' },
      ],
      targetGroups: [
        { ...BEHIND, protocol: 'UDP', port: 5060 },
        { name: 'wss', balancers: ['web'], targets: [{ id: PBX }], protocol: 'HTTPS', port: 7443 },
      ],
    })
    const { warnings, obstacles } = await account.seen()
    expect(obstacles).toEqual([])
    expect(warnings).toEqual([
      expect.stringMatching(/load balancer edge translates IPv6/),
      expect.stringMatching(/load balancer web takes HTTP for target group wss.*firewalls\.ipSets/),
    ])
  })
})
