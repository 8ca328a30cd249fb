import type { EC2 } from '@aws-sdk/client-ec2'
import { paginateDescribeNetworkAcls } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { ACL_ID, numbersOf, openAccount, refusal, sip4, sip6 } from './account.ts'
import type { AclSeed } from './acl-store.ts'
import type { LocalAwsOptions } from './local-aws.ts'

const DEFAULTS = [100, 101, 32767, 32768]

const fenced: AclSeed = {
  id: 'acl-0000000000000000a',
  vpcId: 'vpc-0000000000000000a',
  subnetIds: ['subnet-0000000000000000a', 'subnet-0000000000000000b'],
  tags: { fence: 'sip', Name: 'a*b' },
}
const other: AclSeed = {
  id: 'acl-0000000000000000b',
  vpcId: 'vpc-0000000000000000b',
  tags: { fence: 'web' },
  isDefault: true,
}

async function idsBy(ec2: EC2, filters: Record<string, string[]>): Promise<(string | undefined)[]> {
  const Filters = Object.entries(filters).map(([Name, Values]) => ({ Name, Values }))
  const { NetworkAcls } = await ec2.describeNetworkAcls({ Filters })
  return NetworkAcls!.map((acl) => acl.NetworkAclId)
}

describe('which ACLs are described', () => {
  test('an ACL comes with its VPC, associations, tags and owner', async () => {
    const { ec2 } = await openAccount({ acls: [fenced, other] })
    const { NetworkAcls } = await ec2.describeNetworkAcls({ NetworkAclIds: [fenced.id] })
    expect(NetworkAcls).toHaveLength(1)
    expect(NetworkAcls![0]).toMatchObject({
      NetworkAclId: fenced.id,
      VpcId: fenced.vpcId,
      IsDefault: false,
      OwnerId: '123456789012',
      Associations: ['a', 'b'].map((end) => ({
        NetworkAclId: fenced.id,
        NetworkAclAssociationId: `aclassoc-0000000000000000${end}`,
        SubnetId: `subnet-0000000000000000${end}`,
      })),
      Tags: [
        { Key: 'fence', Value: 'sip' },
        { Key: 'Name', Value: 'a*b' },
      ],
    })
  })

  test('an unknown id refuses the call, even beside a known one', async () => {
    const { ec2 } = await openAccount()
    const ids = [ACL_ID, 'acl-0123456789abcdef0']
    expect(await refusal(ec2.describeNetworkAcls({ NetworkAclIds: ids }))).toBe(
      'InvalidNetworkAclID.NotFound',
    )
    expect(await refusal(ec2.describeNetworkAcls({ NetworkAclIds: ['x'] }))).toBe(
      'InvalidNetworkAclId.Malformed',
    )
  })

  test.each<[string, Record<string, string[]>, string[]]>([
    ['its subnet', { 'association.subnet-id': ['subnet-0000000000000000b'] }, [fenced.id]],
    ['its association', { 'association.association-id': ['aclassoc-0000000000000000a'] }, [fenced.id]],
    ['an association at all', { 'association.network-acl-id': [fenced.id, other.id] }, [fenced.id]],
    ['a tag', { 'tag:fence': ['web'] }, [other.id]],
    ['a tag of several values', { 'tag:fence': ['web', 'sip'] }, [fenced.id, other.id]],
    ['the key of a tag', { 'tag-key': ['Name'] }, [fenced.id]],
    ['a wildcard', { 'tag:fence': ['s?p'], 'vpc-id': ['vpc-*'] }, [fenced.id]],
    ['a star that is meant literally', { 'tag:Name': ['a\\*b'] }, [fenced.id]],
    ['the case of a value', { 'tag:fence': ['SIP'] }, []],
    ['a dot that is no wildcard', { 'tag:fence': ['s.p'] }, []],
    ['its VPC', { 'vpc-id': ['vpc-0000000000000000b'] }, [other.id]],
    ['being the default', { default: ['true'] }, [other.id]],
    ['its id', { 'network-acl-id': [other.id] }, [other.id]],
    ['its owner', { 'owner-id': ['123456789012'] }, [fenced.id, other.id]],
    ['all of several filters', { 'tag:fence': ['sip'], default: ['true'] }, []],
  ])('a filter finds an ACL by %s', async (_name, filters, ids) => {
    const { ec2 } = await openAccount({ acls: [fenced, other] })
    expect(await idsBy(ec2, filters)).toEqual(ids)
  })

  test('an unknown filter is refused even where there is no ACL', async () => {
    const { ec2 } = await openAccount({ acls: [] })
    expect(await refusal(idsBy(ec2, { color: ['red'] }))).toBe('InvalidParameterValue')
    expect(await refusal(idsBy(ec2, { constructor: ['red'] }))).toBe('InvalidParameterValue')
    expect(await refusal(idsBy(ec2, { 'vpc-id': [] }))).toBe('MissingParameter')
  })
})

describe('pages', () => {
  const acls = Array.from({ length: 12 }, (_, i) => ({ id: `acl-${String(i).padStart(17, '0')}` }))

  test('MaxResults cuts the list and NextToken goes on until there is none', async () => {
    const { ec2 } = await openAccount({ acls })
    const sizes = []
    const seen = []
    for await (const page of paginateDescribeNetworkAcls({ client: ec2, pageSize: 5 }, {})) {
      sizes.push(page.NetworkAcls!.length)
      seen.push(...page.NetworkAcls!.map(({ NetworkAclId }) => ({ id: NetworkAclId })))
    }
    expect(sizes).toEqual([5, 5, 2])
    expect(seen).toEqual(acls)
  })

  test('a last page that is full has no token', async () => {
    const { ec2 } = await openAccount({ acls: acls.slice(0, 10) })
    const first = await ec2.describeNetworkAcls({ MaxResults: 5 })
    const second = await ec2.describeNetworkAcls({ MaxResults: 5, NextToken: first.NextToken })
    expect(second.NetworkAcls).toHaveLength(5)
    expect(second.NextToken).toBeUndefined()
  })

  test('a page size outside 5 to 1000, one with ids and a made-up token are refused', async () => {
    const { ec2 } = await openAccount({ acls })
    expect(await refusal(ec2.describeNetworkAcls({ MaxResults: 4 }))).toBe('InvalidParameterValue')
    expect(await refusal(ec2.describeNetworkAcls({ MaxResults: 1001 }))).toBe('InvalidParameterValue')
    expect(await refusal(ec2.describeNetworkAcls({ MaxResults: 5, NetworkAclIds: [ACL_ID] }))).toBe(
      'InvalidParameterCombination',
    )
    expect(await refusal(ec2.describeNetworkAcls({ NextToken: 'x' }))).toBe('InvalidPaginationToken')
  })
})

describe('stale reads', () => {
  let now = 0
  const staleAccount = (options: LocalAwsOptions) => {
    now = 1_000_000
    return openAccount({ now: () => now, ...options })
  }

  test('a read shows the state of that long ago', async () => {
    const { aws, ec2 } = await staleAccount({ staleReadsMs: 1000 })
    await ec2.createNetworkAclEntry(sip4())
    now += 400
    await ec2.createNetworkAclEntry(sip6())
    expect(await numbersOf(ec2)).toEqual(DEFAULTS)
    now += 600
    expect(await numbersOf(ec2)).toEqual([10, ...DEFAULTS])
    now += 399
    expect(await numbersOf(ec2)).toEqual([10, ...DEFAULTS])
    now += 1
    expect(await numbersOf(ec2)).toEqual([10, 11, ...DEFAULTS])
    expect(aws.acls.get(ACL_ID)!.describe()).toHaveLength(10)
  })

  test('a change by another operator and a tag are as stale as the rest', async () => {
    const { aws, ec2 } = await staleAccount({ staleReadsMs: 1000 })
    aws.acls.get(ACL_ID)!.remove(101, false)
    await ec2.createTags({ Resources: [ACL_ID], Tags: [{ Key: 'fence', Value: 'sip' }] })
    expect(await numbersOf(ec2)).toEqual(DEFAULTS)
    expect((await ec2.describeTags({})).Tags).toEqual([])
    now += 1000
    expect(await numbersOf(ec2)).toEqual([100, 32767, 32768])
    expect(await idsBy(ec2, { 'tag:fence': ['sip'] })).toEqual([ACL_ID])
  })

  test('writes are decided by the current state', async () => {
    const { ec2 } = await staleAccount({ staleReadsMs: 1000 })
    await ec2.createNetworkAclEntry(sip4())
    expect(await numbersOf(ec2)).toEqual(DEFAULTS)
    expect(await refusal(ec2.createNetworkAclEntry(sip4()))).toBe('NetworkAclEntryAlreadyExists')
  })

  test('the staleness may differ from read to read', async () => {
    const ages = [0, 1000, 0]
    const { ec2 } = await staleAccount({ staleReadsMs: () => ages.shift()! })
    await ec2.createNetworkAclEntry(sip4())
    const reads = [await numbersOf(ec2), await numbersOf(ec2), await numbersOf(ec2)]
    expect(reads).toEqual([[10, ...DEFAULTS], DEFAULTS, [10, ...DEFAULTS]])
  })
})
