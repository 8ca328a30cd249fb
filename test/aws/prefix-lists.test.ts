import type { ModifyManagedPrefixListCommandInput } from '@aws-sdk/client-ec2'
import { paginateDescribeManagedPrefixLists, paginateGetManagedPrefixListEntries } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { Account } from './account.ts'
import { openAccount, refusal, statusOf } from './account.ts'
import type { LocalAwsOptions } from './local-aws.ts'
import type { PrefixListSeed } from './prefix-list-store.ts'

const PL = 'pl-0123456789abcdef0'
const SIX = 'pl-0123456789abcdef6'
const UNKNOWN = 'pl-00000000000000009'

const peers: PrefixListSeed = {
  id: PL,
  name: 'peers',
  family: 4,
  maxEntries: 10,
  entries: [{ prefix: '192.0.2.0/24' as Prefix, description: 'trunk' }],
  tags: { fence: 'f' },
}
const six: PrefixListSeed = { id: SIX, name: 'peers-6', family: 6, maxEntries: 5, ownerId: '210987654321' }

function open(options: LocalAwsOptions = {}): Promise<Account> {
  return openAccount({ prefixLists: [peers, six], ...options })
}

/** Adds one network to the list of version 1, but for what the test says. */
function added(over: Partial<ModifyManagedPrefixListCommandInput> = {}): ModifyManagedPrefixListCommandInput {
  return { PrefixListId: PL, CurrentVersion: 1, AddEntries: [{ Cidr: '198.51.100.0/24' }], ...over }
}

async function cidrsOf({ ec2 }: Account, TargetVersion?: number): Promise<(string | undefined)[]> {
  const { Entries } = await ec2.getManagedPrefixListEntries({ PrefixListId: PL, TargetVersion })
  return Entries!.map(({ Cidr }) => Cidr)
}

async function listOf({ ec2 }: Account) {
  return (await ec2.describeManagedPrefixLists({ PrefixListIds: [PL] })).PrefixLists?.[0]
}

describe('what is shown', () => {
  test('a list comes with its version, state, maximum, owner and tags', async () => {
    const account = await open()
    expect(await listOf(account)).toEqual({
      PrefixListId: PL,
      AddressFamily: 'IPv4',
      State: 'create-complete',
      PrefixListArn: `arn:aws:ec2:eu-west-1:123456789012:prefix-list/${PL}`,
      PrefixListName: 'peers',
      MaxEntries: 10,
      Version: 1,
      Tags: [{ Key: 'fence', Value: 'f' }],
      OwnerId: '123456789012',
    })
  })

  test('entries come with their descriptions', async () => {
    const { ec2 } = await open()
    await ec2.modifyManagedPrefixList(added())
    expect((await ec2.getManagedPrefixListEntries({ PrefixListId: PL })).Entries).toEqual([
      { Cidr: '192.0.2.0/24', Description: 'trunk' },
      { Cidr: '198.51.100.0/24' },
    ])
  })

  test.each<[string, string[], string[]]>([
    ['owner-id', ['210987654321'], [SIX]],
    ['prefix-list-id', [PL, UNKNOWN], [PL]],
    ['prefix-list-name', ['peers*'], [PL, SIX]],
  ])('the filter %s', async (Name, Values, ids) => {
    const { ec2 } = await open()
    const { PrefixLists } = await ec2.describeManagedPrefixLists({ Filters: [{ Name, Values }] })
    expect(PrefixLists!.map(({ PrefixListId }) => PrefixListId)).toEqual(ids)
  })

  test('lists and entries come on pages of up to 100', async () => {
    const { ec2 } = await open({
      prefixLists: [
        {
          ...peers,
          maxEntries: 250,
          entries: Array.from({ length: 250 }, (_, i) => ({ prefix: `10.0.${i}.0/24` as Prefix })),
        },
        six,
      ],
    })
    const sizes = []
    const seen = new Set<string | undefined>()
    for await (const { Entries } of paginateGetManagedPrefixListEntries(
      { client: ec2 },
      { PrefixListId: PL },
    )) {
      sizes.push(Entries!.length)
      for (const { Cidr } of Entries!) seen.add(Cidr)
    }
    expect([sizes, seen.size]).toEqual([[100, 100, 50], 250])
    const pages = []
    for await (const page of paginateDescribeManagedPrefixLists({ client: ec2, pageSize: 1 }, {})) {
      pages.push(page.PrefixLists!.map(({ PrefixListId }) => PrefixListId))
    }
    expect(pages).toEqual([[PL], [SIX]])
    const read = { PrefixListId: PL }
    expect(await refusal(ec2.getManagedPrefixListEntries({ ...read, MaxResults: 101 }))).toBe(
      'InvalidParameterValue',
    )
    expect(await refusal(ec2.getManagedPrefixListEntries({ ...read, NextToken: 'x' }))).toBe(
      'InvalidPaginationToken',
    )
  })

  test.each([
    [UNKNOWN, 'InvalidPrefixListID.NotFound'],
    ['sg-1', 'InvalidPrefixListId.Malformed'],
  ])('the unknown %s is found by none', async (id, code) => {
    const { ec2 } = await open()
    const calls = [
      ec2.describeManagedPrefixLists({ PrefixListIds: [PL, id] }),
      ec2.getManagedPrefixListEntries({ PrefixListId: id }),
      ec2.modifyManagedPrefixList(added({ PrefixListId: id })),
      ec2.restoreManagedPrefixListVersion({ PrefixListId: id, PreviousVersion: 1, CurrentVersion: 1 }),
    ]
    expect(await Promise.all(calls.map(refusal))).toEqual([code, code, code, code])
  })
})

describe('changing a list', () => {
  test('answers the list, raises its version and keeps the one before', async () => {
    const account = await open()
    const { PrefixList } = await account.ec2.modifyManagedPrefixList(
      added({ RemoveEntries: [{ Cidr: '192.0.2.0/24' }] }),
    )
    expect(PrefixList).toMatchObject({ PrefixListId: PL, State: 'modify-complete', Version: 2 })
    expect([await cidrsOf(account), await cidrsOf(account, 1)]).toEqual([
      ['198.51.100.0/24'],
      ['192.0.2.0/24'],
    ])
    expect(await refusal(cidrsOf(account, 3))).toBe('InvalidParameterValue')
  })

  test('made from an older version is refused and changes nothing', async () => {
    const account = await open()
    account.aws.prefixLists.get(PL)!.modify({ add: [{ cidr: '203.0.113.0/24' }] })
    const late = account.ec2.modifyManagedPrefixList(added())
    expect([await refusal(late), await statusOf(late)]).toEqual(['PrefixListVersionMismatch', 400])
    expect(await cidrsOf(account)).toEqual(['192.0.2.0/24', '203.0.113.0/24'])
    expect(await refusal(account.ec2.modifyManagedPrefixList(added({ CurrentVersion: 2 })))).toBe('accepted')
  })

  test.each<[string, Partial<ModifyManagedPrefixListCommandInput>, string]>([
    [
      'an entry that is there',
      { AddEntries: [{ Cidr: '192.0.2.0/24', Description: 'trunk' }] },
      'InvalidPrefixListModification',
    ],
    [
      'removing what is not there',
      { RemoveEntries: [{ Cidr: '203.0.113.0/24' }] },
      'InvalidPrefixListModification',
    ],
    [
      'more than the maximum',
      { AddEntries: Array.from({ length: 10 }, (_, i) => ({ Cidr: `10.0.${i}.0/24` })) },
      'PrefixListMaxEntriesExceeded',
    ],
    [
      'more than 100',
      { AddEntries: Array.from({ length: 101 }, (_, i) => ({ Cidr: `10.0.${i}.0/24` })) },
      'InvalidParameterValue',
    ],
    ['an IPv6 entry', { AddEntries: [{ Cidr: '2001:db8::/64' }] }, 'InvalidParameterValue'],
    ['a CIDR that is none', { AddEntries: [{ Cidr: '999.1.1.1/32' }] }, 'InvalidParameterValue'],
    ['an entry without a CIDR', { AddEntries: [{ Cidr: undefined, Description: 'x' }] }, 'MissingParameter'],
    ['entries and a maximum', { MaxEntries: 20 }, 'InvalidParameterCombination'],
    ['nothing', { AddEntries: undefined }, 'InvalidRequest'],
    ['no list', { PrefixListId: undefined }, 'MissingParameter'],
    ['a list that is shared', { PrefixListId: SIX }, 'UnauthorizedOperation'],
    ['a dry run', { DryRun: true }, 'DryRunOperation'],
  ])('refuses %s', async (_name, over, code) => {
    const account = await open()
    expect(await refusal(account.ec2.modifyManagedPrefixList(added(over)))).toBe(code)
    expect([await cidrsOf(account), (await listOf(account))?.Version]).toEqual([['192.0.2.0/24'], 1])
  })

  test('by its name and its maximum is no new version', async () => {
    const account = await open()
    const change = { PrefixListId: PL, PrefixListName: 'other', MaxEntries: 20 }
    await account.ec2.modifyManagedPrefixList(change)
    expect(await listOf(account)).toMatchObject({ PrefixListName: 'other', MaxEntries: 20, Version: 1 })
  })

  test('back to an older version makes a new one', async () => {
    const account = await open()
    await account.ec2.modifyManagedPrefixList(added())
    const restore = { PrefixListId: PL, PreviousVersion: 1 }
    const stale = account.ec2.restoreManagedPrefixListVersion({ ...restore, CurrentVersion: 1 })
    expect(await refusal(stale)).toBe('PrefixListVersionMismatch')
    const { PrefixList } = await account.ec2.restoreManagedPrefixListVersion({
      ...restore,
      CurrentVersion: 2,
    })
    expect(PrefixList).toMatchObject({ State: 'restore-complete', Version: 3 })
    expect(await cidrsOf(account)).toEqual(['192.0.2.0/24'])
  })

  test('that a security group cannot pay for fails, and the list says so', async () => {
    const account = await open({
      securityGroups: [
        {
          id: 'sg-0123456789abcdef0',
          rules: [{ protocol: 'udp', ports: { from: 5060, to: 5060 }, prefixListId: PL }],
        },
      ],
    })
    await account.ec2.modifyManagedPrefixList({ PrefixListId: PL, MaxEntries: 61 })
    const failed = await listOf(account)
    expect(failed).toMatchObject({ State: 'modify-failed', MaxEntries: 10, Version: 1 })
    expect(failed?.StateMessage).toContain('sg-0123456789abcdef0')
    await account.ec2.modifyManagedPrefixList({ PrefixListId: PL, MaxEntries: 60 })
    expect(await listOf(account)).toMatchObject({ State: 'modify-complete', MaxEntries: 60 })
  })
})

describe('a change in progress', () => {
  let now = 0
  const slow = (options: LocalAwsOptions = {}) => {
    now = 1_000_000
    return open({ now: () => now, prefixListMs: 2000, ...options })
  }

  test('shows and has the old version, and refuses the next change', async () => {
    const account = await slow()
    const { PrefixList } = await account.ec2.modifyManagedPrefixList(added())
    expect(PrefixList).toMatchObject({ State: 'modify-in-progress', Version: 1 })
    now += 1999
    expect([await cidrsOf(account), (await listOf(account))?.State]).toEqual([
      ['192.0.2.0/24'],
      'modify-in-progress',
    ])
    for (const CurrentVersion of [1, 2]) {
      const next = added({ CurrentVersion, AddEntries: [{ Cidr: '203.0.113.0/24' }] })
      expect(await refusal(account.ec2.modifyManagedPrefixList(next))).toBe('IncorrectState')
    }
    now += 1
    expect(await listOf(account)).toMatchObject({ State: 'modify-complete', Version: 2 })
    expect(await cidrsOf(account)).toEqual(['192.0.2.0/24', '198.51.100.0/24'])
  })

  test('is behind the clock for reads that are', async () => {
    const account = await slow({ staleReadsMs: 500 })
    await account.ec2.modifyManagedPrefixList(added())
    expect((await listOf(account))?.State).toBe('create-complete')
    now += 500
    expect((await listOf(account))?.State).toBe('modify-in-progress')
    now += 1999
    expect((await listOf(account))?.State).toBe('modify-in-progress')
    expect([await cidrsOf(account), await refusal(cidrsOf(account, 2))]).toEqual([
      ['192.0.2.0/24'],
      'InvalidParameterValue',
    ])
    now += 1
    expect(await listOf(account)).toMatchObject({ State: 'modify-complete', Version: 2 })
    expect(await cidrsOf(account)).toHaveLength(2)
  })

  test('may get a new name, which does not undo it', async () => {
    const account = await slow()
    await account.ec2.modifyManagedPrefixList(added())
    now += 1000
    await account.ec2.modifyManagedPrefixList({ PrefixListId: PL, PrefixListName: 'other' })
    expect(await listOf(account)).toMatchObject({ PrefixListName: 'other', State: 'modify-in-progress' })
    now += 1000
    expect(await listOf(account)).toMatchObject({ PrefixListName: 'other', Version: 2 })
  })
})

describe('making a list', () => {
  const wanted = {
    PrefixListName: 'deny',
    AddressFamily: 'IPv6',
    MaxEntries: 3,
    Entries: [{ Cidr: '2001:db8::/64', Description: 'x' }],
    TagSpecifications: [{ ResourceType: 'prefix-list' as const, Tags: [{ Key: 'k', Value: 'v' }] }],
  }

  test('takes its time, once for each client token', async () => {
    let now = 0
    const { aws, ec2 } = await open({ now: () => now, prefixListMs: 1000 })
    const { PrefixList } = await ec2.createManagedPrefixList({ ...wanted, ClientToken: 't' })
    expect(PrefixList).toMatchObject({
      State: 'create-in-progress',
      Version: 1,
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    const again = await ec2.createManagedPrefixList({ ...wanted, ClientToken: 't' })
    expect(again.PrefixList?.PrefixListId).toBe(PrefixList?.PrefixListId)
    expect(aws.prefixLists.size).toBe(3)
    now = 1000
    const id = PrefixList!.PrefixListId!
    const { PrefixLists } = await ec2.describeManagedPrefixLists({ PrefixListIds: [id] })
    expect(PrefixLists?.[0]).toMatchObject({ State: 'create-complete', AddressFamily: 'IPv6' })
    expect((await ec2.getManagedPrefixListEntries({ PrefixListId: id })).Entries).toEqual(wanted.Entries)
  })

  test.each<[string, object, string]>([
    ['another family', { AddressFamily: 'IPv5' }, 'InvalidParameterValue'],
    ['an entry of the other family', { AddressFamily: 'IPv4' }, 'InvalidParameterValue'],
    ['a maximum of 0', { MaxEntries: 0 }, 'InvalidParameterValue'],
    ['a name as AWS has', { PrefixListName: 'com.amazonaws.eu-west-1.s3' }, 'InvalidParameterValue'],
    ['no maximum', { MaxEntries: undefined }, 'MissingParameter'],
    ['tags of another type', { TagSpecifications: [{ ResourceType: 'vpc' }] }, 'InvalidParameterValue'],
  ])('refuses %s', async (_name, over, code) => {
    const { aws, ec2 } = await open()
    expect(await refusal(ec2.createManagedPrefixList({ ...wanted, ...over }))).toBe(code)
    expect(aws.prefixLists.size).toBe(2)
  })
})
