import { describe, expect, test } from 'vitest'
import { balancerArn } from '../aws/elbv2-api.ts'
import type { FaultRule } from '../aws/faults.ts'
import { BEHIND, BUSY, NLB, openInitAccount, PBX, pbxInterface, refused, said } from './init-account.ts'

const DENIED = { kind: 'before', code: 'AccessDenied', status: 403 } as const

function denied(...actions: readonly string[]): FaultRule[] {
  return actions.map((action) => ({ action, fault: DENIED }))
}

/** Each read, what it is called before people, and whether settings can be written without it. */
const READS = [
  { action: 'GetInstanceProfile', what: 'the IAM role', isNeeded: true, isVoid: false },
  { action: 'DescribeVpcs', what: 'the VPC’s address ranges', isNeeded: true, isVoid: false },
  { action: 'DescribeNetworkAcls', what: 'the network ACLs', isNeeded: true, isVoid: true },
  { action: 'GetServiceQuota', what: 'the quota of rules per network ACL', isNeeded: false, isVoid: true },
  { action: 'DescribeSecurityGroups', what: 'the security groups', isNeeded: false, isVoid: false },
  { action: 'DescribeSecurityGroupRules', what: 'the security groups', isNeeded: false, isVoid: false },
  { action: 'DescribeTargetGroups', what: 'the load balancers', isNeeded: false, isVoid: true },
  { action: 'DescribeTargetHealth', what: 'the load balancers', isNeeded: false, isVoid: true },
  { action: 'DescribeLoadBalancers', what: 'the load balancers', isNeeded: false, isVoid: true },
  { action: 'ListAccelerators', what: 'the accelerators', isNeeded: false, isVoid: true },
  { action: 'ListListeners', what: 'the accelerators', isNeeded: false, isVoid: true },
  { action: 'ListEndpointGroups', what: 'the accelerators', isNeeded: false, isVoid: true },
  { action: 'ListCustomRoutingAccelerators', what: 'the accelerators', isNeeded: false, isVoid: true },
  { action: 'ListCustomRoutingListeners', what: 'the accelerators', isNeeded: false, isVoid: true },
  { action: 'ListCustomRoutingEndpointGroups', what: 'the accelerators', isNeeded: false, isVoid: true },
] as const

describe('sipfence init where AWS refuses a read', () => {
  test.each(READS)('$action is an unknown that it names', async ({ action, what, isNeeded, isVoid }) => {
    const account = await openInitAccount(BUSY)
    account.aws.faults.plan(denied(action))
    const { unknown } = await account.seen()
    expect(unknown).toContainEqual({ what, why: expect.stringContaining('AccessDenied') })
    if (isNeeded) {
      const err = await refused(account, PBX, '--yes')
      expect(err).toContain(`without these there is nothing to deploy: ${what}`)
      expect(err).toContain('docs/init.md')
    } else {
      expect(await said(account)).toContain(`${what}: AccessDenied`)
    }
    if (isVoid)
      expect(await refused(account, PBX, '--yes', '--enforce', '--force')).toContain('would be void')
  })

  test('says it where EC2 shows no network ACL of one of the subnets', async () => {
    const account = await openInitAccount({
      networkInterfaces: [
        pbxInterface(),
        pbxInterface({ id: 'eni-00000000000000002', subnetId: 'subnet-00000000000000009' }),
      ],
    })
    const { networkAcls, unknown } = await account.seen()
    expect(networkAcls).toBeNull()
    expect(unknown).toEqual([
      {
        what: 'the network ACLs',
        why: 'Cannot read the network ACLs: EC2 shows none of subnet-00000000000000009',
      },
    ])
  })

  test('says it of interfaces, and then of an accelerator before an Elastic IP', async () => {
    const account = await openInitAccount({
      accelerators: [{ name: 'ga', from: 5060, to: 5060, endpoints: [{ id: 'eipalloc-0000000000000000f' }] }],
    })
    account.aws.faults.plan(denied('DescribeNetworkInterfaces'))
    const { unknown, neighbours, openings } = await account.seen()
    expect({ neighbours, openings }).toEqual({ neighbours: null, openings: null })
    expect(unknown.map(({ what }) => what)).toEqual([
      'the security groups',
      'what else is in the subnets',
      'the accelerators',
    ])
  })

  test('says it of a load balancer, and then of an accelerator before one', async () => {
    const arn = balancerArn('edge')
    const account = await openInitAccount({
      accelerators: [{ name: 'ga', from: 5060, to: 5060, endpoints: [{ id: arn }] }],
    })
    account.aws.faults.plan(denied('DescribeTargetGroups'))
    const { unknown } = await account.seen()
    expect(unknown).toContainEqual({
      what: 'the accelerators',
      why: expect.stringContaining('the load balancers before it are unknown'),
    })
  })

  test('says that a target group may hide the sources where its attributes cannot be read', async () => {
    const targetGroups = [{ ...BEHIND, protocol: 'TCP', port: 5060 }]
    const account = await openInitAccount({ balancers: [NLB], targetGroups })
    account.aws.faults.plan(denied('DescribeTargetGroupAttributes'))
    expect(await refused(account, PBX, '--yes', '--enforce')).toContain(
      'whether target group sip (TCP 5060) keeps the sources',
    )
  })

  test('takes AWS’s default where Service Quotas knows no applied value', async () => {
    const account = await openInitAccount()
    account.aws.quotas.clear()
    expect((await account.seen()).quotas).toEqual({ networkAcl: 20, securityGroup: 60 })
  })

  test('writes settings with a role that people name where it cannot be read', async () => {
    const account = await openInitAccount()
    account.aws.faults.plan(denied('GetInstanceProfile'))
    await said(account, '--role', 'mine')
    expect(account.settings()?.fences[0]?.instanceRole).toBe('mine')
  })

  test('shows no instance, and nothing else, where that cannot be read', async () => {
    const account = await openInitAccount()
    expect(await refused(account, 'i-0123456789abcdeff', '--yes')).toContain(
      'Cannot look at i-0123456789abcdeff in eu-west-1: InvalidInstanceID.NotFound',
    )
    account.aws.faults.plan(denied('DescribeInstances'))
    expect(await refused(account, PBX, '--yes')).toMatch(/AccessDenied.*use credentials that may read/)
  })

  test('shows no instance that is gone', async () => {
    const account = await openInitAccount({ instances: [{ id: PBX, state: 'terminated' }] })
    expect(await refused(account, PBX, '--yes')).toContain('it is terminated and has no network interface')
  })

  test('tells of an instance without a role that the stack makes one', async () => {
    const account = await openInitAccount({ instances: [{ id: PBX }] })
    const out = await said(account)
    expect(out).toContain('a role and an instance profile to give to i-0123456789abcdef0')
    expect(out).toContain('has no IAM role')
    expect(account.settings()?.fences[0]?.instanceRole).toBeUndefined()
    expect(account.settings()?.fences[0]?.id).toBe('pbx')
    const empty = await openInitAccount({ roles: { pbx: null } })
    expect(await said(empty)).toContain('IAM role none in profile pbx')
  })
})
