import type { Prefix } from '../../lib/core/prefix.ts'
import type { PrefixListChange } from '../../lib/local/prefix-list-change.ts'
import { PrefixListError } from '../../lib/local/prefix-list-change.ts'
import type { ActionHandler } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { FilterTable } from './filters.ts'
import { filtered } from './filters.ts'
import {
  invalidParameter,
  objectsIn,
  requiredText,
  requiredWhole,
  textIn,
  textsIn,
  wholeIn,
} from './parameters.ts'
import type { DescribedList, PrefixListStore } from './prefix-list-store.ts'
import { shortPageOf } from './short-pages.ts'
import { tagSet, tagsToMake } from './tag-specifications.ts'
import type { WireObject } from './wire-value.ts'

/** The actions on managed prefix lists: ManagedPrefixList decides, this translates. */
export function prefixListActions(
  store: PrefixListStore,
  ageMs: () => number,
): Readonly<Record<string, ActionHandler>> {
  return {
    DescribeManagedPrefixLists: (parameters) => describeLists(store, parameters, ageMs()),
    GetManagedPrefixListEntries: (parameters) => listEntries(store, parameters, ageMs()),
    CreateManagedPrefixList: (parameters) => createList(store, parameters),
    ModifyManagedPrefixList(parameters) {
      const change = changeIn(parameters)
      const list = ownList(store, parameters)
      translated(() => list.modify(change))
      return { prefixList: listItem(store.describedOne(list.id, 0)) }
    },
    RestoreManagedPrefixListVersion(parameters) {
      const previous = requiredWhole(parameters, 'PreviousVersion')
      const current = requiredWhole(parameters, 'CurrentVersion')
      const list = ownList(store, parameters)
      translated(() => list.restore(previous, current))
      return { prefixList: listItem(store.describedOne(list.id, 0)) }
    },
  }
}

function describeLists(store: PrefixListStore, parameters: WireObject, ageMs: number): WireObject {
  const ids = textsIn(parameters, 'PrefixListId')
  for (const id of ids) store.describedOne(id, ageMs)
  const all = store.described(ageMs)
  const chosen = ids.length === 0 ? all : all.filter(({ list }) => ids.includes(list.id))
  const { items, nextToken } = shortPageOf(filtered(chosen, parameters, FILTERS), parameters)
  return { prefixListSet: items.map(listItem), nextToken }
}

/** The documented filters. */
const FILTERS: FilterTable<DescribedList> = {
  'owner-id': ({ list }) => [list.ownerId],
  'prefix-list-id': ({ list }) => [list.id],
  'prefix-list-name': ({ name }) => [name],
}

function listItem({ list, name, state, stateMessage, maxEntries, version, tags }: DescribedList): WireObject {
  return {
    prefixListId: list.id,
    addressFamily: list.family === 4 ? 'IPv4' : 'IPv6',
    state,
    stateMessage,
    prefixListArn: `arn:aws:ec2:eu-west-1:${list.ownerId}:prefix-list/${list.id}`,
    prefixListName: name,
    maxEntries,
    version,
    tagSet: tagSet(tags),
    ownerId: list.ownerId,
  }
}

/** Where no version is asked for, those of the version that a describe call would show. */
function listEntries(store: PrefixListStore, parameters: WireObject, ageMs: number): WireObject {
  const { list, version } = store.describedOne(requiredText(parameters, 'PrefixListId'), ageMs)
  const wanted = wholeIn(parameters, 'TargetVersion') ?? version
  if (wanted > version) throw invalidParameter('targetVersion', String(wanted))
  const entries = translated(() => list.entriesOf(wanted))
  const { items, nextToken } = shortPageOf(entries, parameters)
  return { entrySet: items.map(({ prefix, description }) => ({ cidr: prefix, description })), nextToken }
}

/** Documented: up to 100 entries at first. The code for an unknown family is inferred. */
function createList(store: PrefixListStore, parameters: WireObject): WireObject {
  const word = requiredText(parameters, 'AddressFamily')
  if (word !== 'IPv4' && word !== 'IPv6') throw invalidParameter('addressFamily', word)
  const entries = objectsIn(parameters, 'Entry').map(entryIn)
  if (entries.length > 100) throw invalidParameter('entries', `${entries.length}; expected 100 at most`)
  const options = {
    family: word === 'IPv4' ? (4 as const) : (6 as const),
    name: requiredText(parameters, 'PrefixListName'),
    maxEntries: requiredWhole(parameters, 'MaxEntries'),
    tags: tagsToMake(parameters, 'prefix-list'),
    // The list reads what it begins with.
    entries: entries.map(({ cidr, description }) => ({ prefix: cidr as Prefix, description })),
  }
  const id = translated(() => store.create(options, textIn(parameters, 'ClientToken')))
  return { prefixList: listItem(store.describedOne(id, 0)) }
}

function changeIn(parameters: WireObject): PrefixListChange {
  return {
    currentVersion: wholeIn(parameters, 'CurrentVersion'),
    name: textIn(parameters, 'PrefixListName'),
    add: objectsIn(parameters, 'AddEntry').map(entryIn),
    remove: objectsIn(parameters, 'RemoveEntry').map((entry) => requiredText(entry, 'Cidr')),
    maxEntries: wholeIn(parameters, 'MaxEntries'),
  }
}

function entryIn(entry: WireObject): NonNullable<PrefixListChange['add']>[number] {
  return { cidr: requiredText(entry, 'Cidr'), description: textIn(entry, 'Description') }
}

/** Documented ("Share customer-managed prefix lists"): who has a list shared cannot modify it. The code is inferred. */
function ownList(store: PrefixListStore, parameters: WireObject) {
  const list = store.get(requiredText(parameters, 'PrefixListId'))
  if (list.ownerId === OWNER_ID) return list
  throw new AwsError('UnauthorizedOperation', `Cannot modify ${list.id}: it belongs to ${list.ownerId}`, 403)
}

function translated<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof PrefixListError) throw new AwsError(error.code, error.message)
    throw error
  }
}
