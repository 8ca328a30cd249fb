import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** What a tree for planted faults does without: what was built, and the history. */
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', 'cdk.out'])

/** A copy of the project that is written to instead of it; `remove` takes it away. */
export function copiedTree(): { readonly root: string; readonly remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'sipfence-prove-'))
  cpSync(ROOT, root, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(path.slice(ROOT.length + 1).split('/')[0]!),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}
