import type { CreateIPSetCommandInput, UpdateIPSetCommandInput } from '@aws-sdk/client-wafv2'
import { describe, expect, test } from 'vitest'
import type { Account } from './account.ts'
import { openAccount, refusal, statusOf } from './account.ts'
import type { Fault } from './faults.ts'
import type { IpSetSeed } from './ip-set.ts'
import type { LocalAwsOptions } from './local-aws.ts'

const ID = '01234567-89ab-4cde-8f01-23456789abcd'
const deny: IpSetSeed = { name: 'deny', id: ID, family: 4, addresses: ['192.0.2.1/32'], description: 'SIP' }
const deny6: IpSetSeed = { name: 'deny-6', family: 6, addresses: ['2001:db8::/64'] }
const place = { Name: 'deny', Scope: 'REGIONAL' as const, Id: ID }
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Every write may follow the one before at once, but where the test says otherwise. */
const UNHURRIED = { UpdateIPSet: { burst: 1000, refillPerSecond: 1000 } }

function open(options: LocalAwsOptions = {}): Promise<Account> {
  return openAccount({ ipSets: [deny, deny6], throttle: UNHURRIED, ...options })
}

async function tokenOf({ wafv2 }: Account): Promise<string> {
  return (await wafv2.getIPSet(place)).LockToken!
}

async function addressesOf({ wafv2 }: Account): Promise<string[] | undefined> {
  return (await wafv2.getIPSet(place)).IPSet?.Addresses
}

async function update(account: Account, over: Partial<UpdateIPSetCommandInput>) {
  const LockToken = over.LockToken ?? (await tokenOf(account))
  return await account.wafv2.updateIPSet({ ...place, Addresses: ['198.51.100.0/24'], LockToken, ...over })
}

describe('reading', () => {
  test('a set comes with its addresses and a lock token', async () => {
    const { wafv2 } = await open()
    const { IPSet, LockToken } = await wafv2.getIPSet(place)
    expect(IPSet).toEqual({
      Name: 'deny',
      Id: ID,
      ARN: `arn:aws:wafv2:eu-west-1:123456789012:regional/ipset/deny/${ID}`,
      Description: 'SIP',
      IPAddressVersion: 'IPV4',
      Addresses: ['192.0.2.1/32'],
    })
    expect(LockToken).toMatch(UUID)
  })

  test('an IPv6 address comes with all of its digits', async () => {
    const { aws, wafv2 } = await open()
    const { id } = aws.ipSets.get('deny-6')!
    const { IPSet } = await wafv2.getIPSet({ ...place, Name: 'deny-6', Id: id })
    expect(IPSet?.Addresses).toEqual(['2001:0db8:0000:0000:0000:0000:0000:0000/64'])
  })

  test.each<[string, object, string]>([
    ['another id', { Id: '00000000-0000-4000-8000-000000000000' }, 'WAFNonexistentItemException'],
    ['another name', { Name: 'deny-6' }, 'WAFNonexistentItemException'],
    ['no id', { Id: undefined }, 'ValidationException'],
    ['no scope', { Scope: undefined }, 'ValidationException'],
    ['an unknown scope', { Scope: 'GLOBAL' }, 'ValidationException'],
    ['a scope of another region', { Scope: 'CLOUDFRONT' }, 'WAFInvalidParameterException'],
  ])('refuses %s', async (_name, over, code) => {
    const { wafv2 } = await open()
    const call = wafv2.getIPSet({ ...place, ...over })
    expect([await refusal(call), await statusOf(call)]).toEqual([code, 400])
  })

  test('the sets are listed on pages', async () => {
    const { wafv2 } = await open()
    const first = await wafv2.listIPSets({ Scope: 'REGIONAL', Limit: 1 })
    expect(first.IPSets).toMatchObject([{ Name: 'deny', Id: ID, LockToken: expect.stringMatching(UUID) }])
    const second = await wafv2.listIPSets({ Scope: 'REGIONAL', Limit: 1, NextMarker: first.NextMarker })
    expect([second.IPSets?.map(({ Name }) => Name), second.NextMarker]).toEqual([['deny-6'], undefined])
    expect(await refusal(wafv2.listIPSets({ Scope: 'REGIONAL', Limit: 101 }))).toBe('ValidationException')
  })

  test('a web ACL is found by its ARN or by name and id, and no change of a set touches it', async () => {
    const rules = [{ Name: 'deny', Priority: 0 }]
    const account = await open({ webAcls: [{ name: 'site', id: ID, rules }] })
    const { wafv2 } = account
    const before = await wafv2.getWebACL({ ...place, Name: 'site' })
    await update(account, {})
    const after = await wafv2.getWebACL({ ARN: before.WebACL!.ARN })
    expect([after.WebACL, after.LockToken]).toEqual([before.WebACL, before.LockToken])
    expect(after.WebACL).toMatchObject({ Name: 'site', Id: ID, Rules: rules })
    expect(await refusal(wafv2.getWebACL({ ...place, Name: 'other' }))).toBe('WAFNonexistentItemException')
  })
})

describe('updating', () => {
  test('replaces all addresses and the lock token', async () => {
    const account = await open()
    const token = await tokenOf(account)
    const { NextLockToken } = await update(account, { Addresses: ['198.51.100.0/24', '203.0.113.7/32'] })
    expect(await addressesOf(account)).toEqual(['198.51.100.0/24', '203.0.113.7/32'])
    expect([NextLockToken === token, await tokenOf(account)]).toEqual([false, NextLockToken])
    expect((await account.wafv2.getIPSet(place)).IPSet?.Description).toBe('SIP')
    await update(account, { Addresses: [], Description: 'other' })
    expect((await account.wafv2.getIPSet(place)).IPSet).toMatchObject({ Addresses: [], Description: 'other' })
  })

  test('with the token of an older reading is refused and changes nothing', async () => {
    const account = await open()
    const LockToken = await tokenOf(account)
    account.aws.ipSets.get('deny')!.update(['203.0.113.7/32'])
    const late = update(account, { LockToken })
    expect([await refusal(late), await statusOf(late)]).toEqual(['WAFOptimisticLockException', 400])
    expect(await addressesOf(account)).toEqual(['203.0.113.7/32'])
    expect(await refusal(update(account, {}))).toBe('accepted')
  })

  test.each<[string, object, string]>([
    ['every address', { Addresses: ['0.0.0.0/0'] }, 'WAFInvalidParameterException'],
    ['an IPv6 address', { Addresses: ['2001:db8::/64'] }, 'WAFInvalidParameterException'],
    ['an address without a length', { Addresses: ['192.0.2.1'] }, 'WAFInvalidParameterException'],
    ['host bits', { Addresses: ['192.0.2.1/24'] }, 'WAFInvalidParameterException'],
    ['what is no address', { Addresses: ['999.1.1.1/32'] }, 'WAFInvalidParameterException'],
    ['a wrong one among good ones', { Addresses: ['192.0.2.1/32', 'x'] }, 'WAFInvalidParameterException'],
    ['an empty address', { Addresses: [''] }, 'ValidationException'],
    ['no addresses', { Addresses: undefined }, 'ValidationException'],
    ['another set', { Name: 'other' }, 'WAFNonexistentItemException'],
    [
      '10,001 addresses',
      { Addresses: Array.from({ length: 10_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`) },
      'WAFLimitsExceededException',
    ],
  ])('refuses %s and changes nothing', async (_name, over, code) => {
    const account = await open()
    const token = await tokenOf(account)
    expect(await refusal(update(account, over))).toBe(code)
    expect([await addressesOf(account), await tokenOf(account)]).toEqual([['192.0.2.1/32'], token])
  })

  test('takes 10,000 addresses', async () => {
    const account = await open()
    const Addresses = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`)
    await update(account, { Addresses })
    expect(await addressesOf(account)).toEqual(Addresses)
  })

  test('without a lock token is refused', async () => {
    const { wafv2 } = await open()
    const call = wafv2.updateIPSet({ ...place, Addresses: [], LockToken: undefined })
    expect(await refusal(call)).toBe('ValidationException')
  })

  test('is throttled to one a second for all sets of the account, a refused one counted', async () => {
    let now = 0
    const account = await open({ now: () => now, throttle: {} })
    const outcome = () => refusal(update(account, { LockToken: 'stale' }))
    expect([await outcome(), await outcome()]).toEqual(['WAFOptimisticLockException', 'ThrottlingException'])
    now = 999
    const { id } = account.aws.ipSets.get('deny-6')!
    expect(await refusal(update(account, { Name: 'deny-6', Id: id }))).toBe('ThrottlingException')
    now = 1000
    expect([await refusal(update(account, {})), await addressesOf(account)]).toEqual([
      'accepted',
      ['198.51.100.0/24'],
    ])
    expect(await statusOf(update(account, {}))).toBe(400)
  })
})

describe('making a set', () => {
  const wanted: CreateIPSetCommandInput = {
    Name: 'new',
    Scope: 'REGIONAL',
    IPAddressVersion: 'IPV6',
    Addresses: ['2001:db8::/64'],
  }

  test('answers where it is, and its name is taken then', async () => {
    const { wafv2 } = await open({ throttle: { CreateIPSet: { burst: 9, refillPerSecond: 9 } } })
    const { Summary } = await wafv2.createIPSet(wanted)
    const { IPSet, LockToken } = await wafv2.getIPSet({ ...place, Name: 'new', Id: Summary?.Id })
    expect([IPSet?.IPAddressVersion, LockToken]).toEqual(['IPV6', Summary?.LockToken])
    expect(await refusal(wafv2.createIPSet(wanted))).toBe('WAFDuplicateItemException')
  })

  test.each<[string, Partial<CreateIPSetCommandInput>, string]>([
    ['an address of the other family', { IPAddressVersion: 'IPV4' }, 'WAFInvalidParameterException'],
    ['a name with a space', { Name: 'a b' }, 'ValidationException'],
    ['an unknown family', { IPAddressVersion: 'IPV5' as 'IPV4' }, 'ValidationException'],
  ])('refuses %s', async (_name, over, code) => {
    const { aws, wafv2 } = await open()
    expect(await refusal(wafv2.createIPSet({ ...wanted, ...over }))).toBe(code)
    expect(aws.ipSets.size).toBe(2)
  })

  test('is for 100 sets', async () => {
    const ipSets = Array.from({ length: 100 }, (_, i): IpSetSeed => ({ name: `set-${i}`, family: 4 }))
    const { wafv2 } = await open({ ipSets })
    expect(await refusal(wafv2.createIPSet(wanted))).toBe('WAFLimitsExceededException')
  })
})

describe('faults', () => {
  test.each<[string, Fault, string, string[]]>([
    ['before a write', { kind: 'before' }, 'WAFInternalErrorException', ['192.0.2.1/32']],
    ['after a write', { kind: 'after' }, 'WAFInternalErrorException', ['198.51.100.0/24']],
    ['of a lost answer', { kind: 'lost' }, 'TimeoutError', ['198.51.100.0/24']],
    ['of throttling', { kind: 'throttle' }, 'ThrottlingException', ['192.0.2.1/32']],
  ])('%s', async (_name, fault, code, held) => {
    const account = await open()
    account.aws.faults.plan([{ service: 'wafv2', action: 'UpdateIPSet', fault }])
    expect(await refusal(update(account, {}))).toBe(code)
    expect(await addressesOf(account)).toEqual(held)
  })
})
