import type { WireObject, WireValue } from './wire-value.ts'

type Branch = Map<string, string | Branch>

/**
 * Parameters of the query protocol as a tree: `PortRange.From=5060` becomes `{PortRange: {From: '5060'}}`, and
 * names that are numbers become a list in their order, so `NetworkAclId.1=acl-1` is `{NetworkAclId: ['acl-1']}`.
 * Every leaf is text. A name that is both a leaf and a branch keeps what came last.
 */
export function parseQueryForm(body: string): WireObject {
  const root: Branch = new Map()
  for (const [name, text] of new URLSearchParams(body)) {
    const path = name.split('.')
    let branch = root
    for (const part of path.slice(0, -1)) {
      const next = branch.get(part)
      const below: Branch = next instanceof Map ? next : new Map()
      branch.set(part, below)
      branch = below
    }
    branch.set(path.at(-1)!, text)
  }
  return objectOf(root)
}

function wireValueOf(node: string | Branch): WireValue {
  if (typeof node === 'string') return node
  const names = [...node.keys()]
  if (!names.every((name) => /^\d{1,6}$/.test(name))) return objectOf(node)
  return names.sort((a, b) => Number(a) - Number(b)).map((name) => wireValueOf(node.get(name)!))
}

/** Object.fromEntries defines properties, so that a parameter named __proto__ is only a parameter. */
function objectOf(branch: Branch): WireObject {
  return Object.fromEntries([...branch].map(([name, node]) => [name, wireValueOf(node)]))
}
