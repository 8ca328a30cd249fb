import { describe, expect, test } from 'vitest'
import type { Account } from './account.ts'
import { ACL_ID, openAccount, refusal } from './account.ts'

async function tagsOf({ ec2 }: Account, id = ACL_ID): Promise<Record<string, string>> {
  const { NetworkAcls } = await ec2.describeNetworkAcls({ NetworkAclIds: [id] })
  return Object.fromEntries(NetworkAcls![0]!.Tags!.map(({ Key, Value }) => [Key, Value]))
}

const tagged = { acls: [{ id: ACL_ID, tags: { a: '1', b: '', c: '3' } }] }

describe('tags of an ACL', () => {
  test('CreateTags adds keys and overwrites values, any text in them', async () => {
    const account = await openAccount(tagged)
    const text = '<&>"\' ä \u{1f600}'
    const Tags = [{ Key: 'a', Value: '2' }, { Key: 'd', Value: text }, { Key: 'e' }]
    await account.ec2.createTags({ Resources: [ACL_ID], Tags })
    expect(await tagsOf(account)).toEqual({ a: '2', b: '', c: '3', d: text, e: '' })
  })

  test.each<[string, { Key: string; Value?: string }[] | undefined, object]>([
    ['a key without a value goes whatever its value', [{ Key: 'a' }], { b: '', c: '3' }],
    ['a key goes where the value is its own', [{ Key: 'a', Value: '1' }], { b: '', c: '3' }],
    ['a key stays where the value is another', [{ Key: 'a', Value: '2' }], { a: '1', b: '', c: '3' }],
    [
      'an empty value is a value',
      [
        { Key: 'a', Value: '' },
        { Key: 'b', Value: '' },
      ],
      { a: '1', c: '3' },
    ],
    ['a key that is not there is no error', [{ Key: 'z' }], { a: '1', b: '', c: '3' }],
    ['without tags all of them go', undefined, {}],
  ])('DeleteTags: %s', async (_name, Tags, left) => {
    const account = await openAccount(tagged)
    await account.ec2.deleteTags({ Resources: [ACL_ID], Tags })
    expect(await tagsOf(account)).toEqual(left)
  })

  test('DescribeTags lists tags with their resource and filters them', async () => {
    const { ec2 } = await openAccount(tagged)
    const find = async (Name: string, ...Values: string[]) =>
      (await ec2.describeTags({ Filters: [{ Name, Values }] })).Tags!.map(({ Key }) => Key)
    expect((await ec2.describeTags({})).Tags![0]).toEqual({
      Key: 'a',
      ResourceId: ACL_ID,
      ResourceType: 'network-acl',
      Value: '1',
    })
    expect(await find('key', 'a', 'b')).toEqual(['a', 'b'])
    expect(await find('value', '3')).toEqual(['c'])
    expect(await find('tag:c', '*')).toEqual(['c'])
    expect(await find('resource-id', 'acl-f0000000000000000')).toEqual([])
    expect(await find('resource-type', 'network-acl')).toEqual(['a', 'b', 'c'])
    expect(await refusal(find('color', 'red'))).toBe('InvalidParameterValue')
  })

  test('DescribeTags comes in pages', async () => {
    const Tags = Array.from({ length: 7 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
    const { ec2 } = await openAccount()
    await ec2.createTags({ Resources: [ACL_ID], Tags })
    const first = await ec2.describeTags({ MaxResults: 5 })
    const second = await ec2.describeTags({ MaxResults: 5, NextToken: first.NextToken })
    expect([first.Tags!.length, second.Tags!.length, second.NextToken]).toEqual([5, 2, undefined])
  })

  test.each<[string, string[], { Key?: string; Value?: string }[], string]>([
    ['an unknown ACL', ['acl-0123456789abcdef0'], [{ Key: 'k' }], 'InvalidNetworkAclID.NotFound'],
    ['an id of nothing', ['thing'], [{ Key: 'k' }], 'InvalidID'],
    ['no resource', [], [{ Key: 'k' }], 'MissingParameter'],
    ['no tag', [ACL_ID], [], 'MissingParameter'],
    ['a key of AWS', [ACL_ID], [{ Key: 'aws:k' }], 'InvalidParameterValue'],
    ['a long key', [ACL_ID], [{ Key: 'k'.repeat(129) }], 'InvalidParameterValue'],
    ['a long value', [ACL_ID], [{ Key: 'k', Value: 'v'.repeat(257) }], 'InvalidParameterValue'],
  ])('CreateTags refuses %s and tags none of the resources', async (_name, Resources, Tags, code) => {
    const account = await openAccount(tagged)
    const ids = Resources.length > 0 && code.startsWith('InvalidN') ? [ACL_ID, ...Resources] : Resources
    expect(await refusal(account.ec2.createTags({ Resources: ids, Tags }))).toBe(code)
    expect(await tagsOf(account)).toEqual({ a: '1', b: '', c: '3' })
  })

  test('a resource holds 50 tags', async () => {
    const { ec2 } = await openAccount()
    const tags = (count: number) => Array.from({ length: count }, (_, i) => ({ Key: `k${i}`, Value: '' }))
    const tag = (count: number) => refusal(ec2.createTags({ Resources: [ACL_ID], Tags: tags(count) }))
    expect([await tag(51), await tag(50), await tag(51)]).toEqual([
      'TagLimitExceeded',
      'accepted',
      'TagLimitExceeded',
    ])
  })
})
