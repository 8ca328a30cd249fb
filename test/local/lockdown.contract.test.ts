import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import { LocalSecurityGroups } from '../../lib/local/security-groups.ts'
import { lockdownContract, rulesOf } from '../contract/lockdown.ts'

lockdownContract('embedded security groups', async (seeds, rulesQuota = 60) => {
  const lists = ([4, 6] as const).map(
    (family) => new ManagedPrefixList({ id: `pl-0000000000000000${family}`, family, maxEntries: 20 }),
  )
  const references = {
    prefixList: (id: string) => lists.find((list) => list.id === id),
    hasGroup: () => false,
  }
  const held = seeds.map(({ id, rules }) => {
    const group = new SecurityGroup({ id, rulesQuota, references })
    for (const { tags, ...rule } of rules) group.authorize([rule], tags)
    return group
  })
  const ours = seeds.filter(({ isOurs = true }) => isOurs).map(({ id }) => id)
  return {
    groups: new LocalSecurityGroups(held, ours),
    ids: held.map(({ id }) => id),
    lines: async () => rulesOf(held),
    authorize: (id, rule) => void held.find((group) => group.id === id)!.authorize([rule]),
    lists: { 4: lists[0]!.id, 6: lists[1]!.id },
    stop: async () => undefined,
  }
})
