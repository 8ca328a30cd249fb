import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { ConfigError, type FenceSettings, readConfig } from '../config.ts'
import { packageRoot } from '../host/package-root.ts'
import { deployProblems } from '../settings/deploy-problems.ts'
import { UsageError } from './usage-error.ts'

export interface FileOptions {
  readonly out: string
  readonly force?: boolean | undefined
  readonly add?: boolean | undefined
}

/** Where the settings go: a new file, or beside the fences of one that is there. */
export interface SettingsFile {
  readonly path: string
  /** The fences that stay in it. */
  readonly fences: readonly FenceSettings[]
  /** The text of the whole file with one more fence. Throws ConfigError where that could not be deployed. */
  textWith(fence: FenceSettings): string
  write(text: string): Promise<void>
}

/** Throws a UsageError where something is there that nobody said what to do with. Nothing is written yet. */
export async function settingsFile({ out, force = false, add = false }: FileOptions): Promise<SettingsFile> {
  if (force && add)
    throw new UsageError('Cannot use --force with --add: one replaces the file, the other keeps it')
  const isThere = existsSync(out)
  if (isThere && !force && !add) {
    throw new UsageError(
      `Cannot write "${out}": it is there already; --add puts the fence beside those in it, --force replaces it, --out names another`,
    )
  }
  const before = isThere && add ? await settingsIn(out) : { $schema: schemaFor(out), version: 1, fences: [] }
  return {
    path: out,
    fences: before.fences,
    textWith: (fence) => checked(out, { ...before, fences: [...before.fences, fence] }),
    write: (text) => written(out, text, isThere),
  }
}

interface Settings {
  readonly fences: readonly FenceSettings[]
}

/** As people wrote it, keys that are defaults left out still; checked, so that no mistake in it is taken for ours. */
async function settingsIn(path: string): Promise<Settings> {
  const text = await readFile(path, 'utf8')
  readConfig(path, text)
  return JSON.parse(text) as Settings
}

function checked(path: string, settings: Settings): string {
  const text = `${JSON.stringify(settings, null, 2)}\n`
  const { fences } = readConfig(path, text)
  const last = fences.length - 1
  const problems = deployProblems(fences[last]!, `fences[${last}]`)
  if (problems.length === 0) return text
  throw new ConfigError(`Cannot write settings "${path}":\n${problems.map((line) => `  ${line}`).join('\n')}`)
}

/** Whoever reads it meanwhile gets the old file or the new one, whole. A file that came up since is not replaced. */
async function written(path: string, text: string, replaces: boolean): Promise<void> {
  try {
    if (!replaces) return await writeFile(path, text, { flag: 'wx' })
    const draft = join(dirname(path), `.sipfence-init-${process.pid}.json`)
    await writeFile(draft, text)
    await rename(draft, path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'its folder is not there; make it, or name another with --out' : message
    throw new Error(`Cannot write "${path}": ${why}`, { cause: error })
  }
}

/** For editors: the schema in this package, as seen from the file. */
function schemaFor(path: string): string {
  const found = relative(dirname(resolve(path)), join(packageRoot(), 'sipfence.schema.json'))
  const from = found.split(sep).join('/')
  return from.startsWith('.') ? from : `./${from}`
}
