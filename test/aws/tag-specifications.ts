import { AwsError } from './aws-error.ts'
import { invalidParameter, objectsIn, requiredText, textIn } from './parameters.ts'
import type { WireObject, WireValue } from './wire-value.ts'

export type Tags = Readonly<Record<string, string>>

/**
 * The tags of a request that makes resources of this type. Lengths and the "aws:" of AWS are documented ("Tag
 * restrictions", Amazon EC2 User Guide), the codes are inferred.
 */
export function tagsToMake(parameters: WireObject, resourceType: string): Tags {
  const tags = objectsIn(parameters, 'TagSpecification').flatMap((specification) => {
    const type = requiredText(specification, 'ResourceType')
    if (type === resourceType) return objectsIn(specification, 'Tag')
    const message = `'${type.slice(0, 60)}' is not a valid taggable resource type for this operation.`
    throw new AwsError('InvalidParameterValue', message)
  })
  return Object.fromEntries(tags.map(readTag))
}

export function tagSet(tags: Tags): WireValue {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}

function readTag(tag: WireObject): [string, string] {
  const key = requiredText(tag, 'Key')
  const value = textIn(tag, 'Value') ?? ''
  if (key === '' || key.length > 128 || /^aws:/i.test(key)) throw invalidParameter('Tag.Key', key)
  if (value.length > 256) throw invalidParameter('Tag.Value', value)
  return [key, value]
}
