import { AwsError } from './aws-error.ts'
import { objectsIn, requiredText, textsIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

/**
 * The values that a resource has for each filter of an API, by the name of the filter. The name `tag:` stands for
 * every `tag:KEY` and gets the key.
 */
export type FilterTable<Resource> = Readonly<
  Record<string, (resource: Resource, key: string) => readonly string[]>
>

/**
 * The resources that match every filter in the request, by any of its values. Values are case-sensitive and may
 * hold `*` and `?`, or a backslash before one that is meant literally ("List and filter your resources", Amazon
 * EC2 User Guide). An unknown filter is observed to be an InvalidParameterValue; that a filter without values is
 * a MissingParameter is inferred.
 */
export function filtered<Resource>(
  resources: readonly Resource[],
  parameters: WireObject,
  table: FilterTable<Resource>,
): readonly Resource[] {
  return objectsIn(parameters, 'Filter').reduce((left, filter) => {
    const name = requiredText(filter, 'Name')
    const key = name.startsWith('tag:') ? name.slice(4) : ''
    const valuesOf = key === '' ? own(table, name) : own(table, 'tag:')
    if (valuesOf === undefined) {
      throw new AwsError('InvalidParameterValue', `The filter '${name.slice(0, 60)}' is invalid`)
    }
    const wanted = textsIn(filter, 'Value')
    if (wanted.length === 0) throw new AwsError('MissingParameter', `The filter '${name}' has no value`)
    return left.filter((resource) => valuesOf(resource, key).some((value) => matches(wanted, value)))
  }, resources)
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function matches(wanted: readonly string[], value: string): boolean {
  return wanted.some((pattern) => {
    const source = pattern.replace(/\\?[\s\S]/g, (part) => {
      if (part === '*') return '[\\s\\S]*'
      if (part === '?') return '[\\s\\S]'
      return part.at(-1)!.replace(/[.*+?^${}()|[\]\\]/, '\\$&')
    })
    return new RegExp(`^${source}$`).test(value)
  })
}
