import type { AclState, AclStore } from './acl-store.ts'
import { unknownAcl } from './acl-store.ts'
import type { ActionHandler } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import type { FilterTable } from './filters.ts'
import { filtered } from './filters.ts'
import { pageOf } from './pages.ts'
import { invalidParameter, objectsIn, requiredText, textIn, textsIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

/** Documented in "Tag restrictions", Amazon EC2 User Guide: tags of a resource, characters of a key and value. */
const MOST_TAGS = 50
const LONGEST_KEY = 128
const LONGEST_VALUE = 256

/**
 * CreateTags, DeleteTags and DescribeTags on network ACLs. A call that names several resources changes all of
 * them or, where it is refused, none (inferred).
 */
export function tagActions(store: AclStore, ageMs: () => number): Readonly<Record<string, ActionHandler>> {
  return {
    CreateTags: (parameters) => createTags(store, parameters),
    DeleteTags: (parameters) => deleteTags(store, parameters),
    DescribeTags: (parameters) => describeTags(store, parameters, ageMs()),
  }
}

/** Overwrites the value of a key that is there. TagLimitExceeded is documented. */
function createTags(store: AclStore, parameters: WireObject): WireObject {
  const added = objectsIn(parameters, 'Tag').map(readTag)
  if (added.length === 0) throw new AwsError('MissingParameter', 'The request must contain the parameter Tag')
  const changes = resourcesIn(store, parameters).map((id) => {
    const tags = new Map([...store.tagsOf(id), ...added])
    if (tags.size <= MOST_TAGS) return { id, tags }
    throw new AwsError(
      'TagLimitExceeded',
      `Cannot hold ${tags.size} tags on ${id}; expected ${MOST_TAGS} at most`,
    )
  })
  for (const { id, tags } of changes) store.setTags(id, tags)
  return { return: true }
}

/**
 * Documented: a key with no value goes whatever its value, a key with a value only where that is its value, and
 * without any tag all of them go. A tag that is not there is no error.
 */
function deleteTags(store: AclStore, parameters: WireObject): WireObject {
  const doomed = objectsIn(parameters, 'Tag').map((tag) => ({
    key: requiredText(tag, 'Key'),
    value: textIn(tag, 'Value'),
  }))
  const gone = (key: string, value: string) =>
    doomed.length === 0 || doomed.some((tag) => tag.key === key && (tag.value ?? value) === value)
  for (const id of resourcesIn(store, parameters)) {
    store.setTags(id, new Map([...store.tagsOf(id)].filter(([key, value]) => !gone(key, value))))
  }
  return { return: true }
}

function describeTags(store: AclStore, parameters: WireObject, ageMs: number): WireObject {
  const all = store.states(ageMs).flatMap(tagItems)
  const { items, nextToken } = pageOf(filtered(all, parameters, FILTERS), parameters, 'ResourceId')
  return { tagSet: items.map((item) => ({ ...item })), nextToken }
}

interface TagItem {
  readonly resourceId: string
  readonly resourceType: 'network-acl'
  readonly key: string
  readonly value: string
}

function tagItems({ id, tags }: AclState): TagItem[] {
  return [...tags].map(([key, value]) => ({ resourceId: id, resourceType: 'network-acl', key, value }))
}

const FILTERS: FilterTable<TagItem> = {
  key: ({ key }) => [key],
  'resource-id': ({ resourceId }) => [resourceId],
  'resource-type': ({ resourceType }) => [resourceType],
  'tag:': (tag, key) => (tag.key === key ? [tag.value] : []),
  value: ({ value }) => [value],
}

/** Documented: an id that is no resource's is an InvalidID; the code of an unknown ACL is the ACL's (inferred). */
function resourcesIn(store: AclStore, parameters: WireObject): readonly string[] {
  const ids = textsIn(parameters, 'ResourceId')
  if (ids.length === 0)
    throw new AwsError('MissingParameter', 'The request must contain the parameter ResourceId')
  for (const id of ids) {
    if (store.acls.has(id)) continue
    if (id.startsWith('acl-')) throw unknownAcl(id)
    throw new AwsError('InvalidID', `The ID '${id.slice(0, 60)}' is not valid`)
  }
  return ids
}

/** Documented: keys may not begin with "aws:"; the codes for that and for lengths are inferred. */
function readTag(tag: WireObject): [string, string] {
  const key = requiredText(tag, 'Key')
  const value = textIn(tag, 'Value') ?? ''
  if (key === '' || key.length > LONGEST_KEY || /^aws:/i.test(key)) throw invalidParameter('Tag.Key', key)
  if (value.length > LONGEST_VALUE) throw invalidParameter('Tag.Value', value)
  return [key, value]
}
