import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { LocalPrefixSet } from '../../lib/local/prefix-set.ts'
import { setContract } from '../contract/sets.ts'
import { onePrefix } from '../core/arbitraries.ts'

setContract('an embedded prefix list', {
  mostAtOnce: 100,
  capacity: 20,
  async arrange(family, maxEntries) {
    let theirs = 0
    const list = new ManagedPrefixList({ family, maxEntries })
    return {
      set: new LocalPrefixSet(list),
      held: () => list.entriesOf(list.describe().version).map(({ prefix }) => prefix),
      change(add, remove = []) {
        theirs++
        list.modify({ add: add.map((cidr) => ({ cidr })), remove: remove.map(onePrefix) })
      },
      writes: () => list.describe().version - 1 - theirs,
      stop: async () => undefined,
    }
  },
})
