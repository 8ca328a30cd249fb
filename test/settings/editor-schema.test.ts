import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { editorSchema } from './editor-schema.ts'

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
}

/** The paths of all keys that say nothing about themselves. */
function undescribed(node: Node, path: string): string[] {
  const own = node.description === undefined ? [path] : []
  const items = node.items === undefined ? [] : keysOf(node.items, `${path}[]`)
  return [...own, ...keysOf(node, path), ...items]
}

function keysOf({ properties = {} }: Node, path: string): string[] {
  return Object.entries(properties).flatMap(([key, each]) => undescribed(each, `${path}.${key}`))
}

describe('sipfence.schema.json', () => {
  test('is what the settings are read by; `npm run schema` writes it anew', () => {
    const file = readFileSync(join(import.meta.dirname, '../../sipfence.schema.json'), 'utf8')
    expect(JSON.parse(file)).toEqual(editorSchema())
  })

  test('says of every key what it means', () => {
    const schema = editorSchema() as Node
    expect(undescribed(schema, 'file')).toEqual([])
    expect(undescribed({ properties: { a: { items: { properties: { b: {} } } } } }, 'x')).toEqual([
      'x',
      'x.a',
      'x.a[].b',
    ])
  })
})
