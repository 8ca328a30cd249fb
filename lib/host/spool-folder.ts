import { randomUUID } from 'node:crypto'
import { chmod, lstat, mkdir, opendir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Message } from './message.ts'

/** A file of the spool, as its name and size tell it. */
export interface SpoolFile {
  readonly name: string
  readonly kind: Message['kind']
  readonly at: number
  readonly size: number
}

/** What a file holds; `gone` where somebody removed it, `damaged` where it is no message of its kind. */
export type Reading =
  | { readonly kind: 'message'; readonly body: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'damaged'; readonly why: string }

const NAME = /^(\d{15})-[0-9a-f-]{36}\.(report|proofs)\.json$/
const PART = '.part'
const DAMAGED = '.damaged'
/** SQS takes no more in one message, so what is larger is none of ours. */
const LARGEST_FILE = 1024 * 1024

/**
 * A directory of messages, one file each. A file is written whole under a temporary name, flushed, then renamed, so
 * what has its final name survives a crash. Names sort by the report's time. Whatever else is in there is left alone.
 */
export class SpoolFolder {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Makes the directory, for its owner only, and lists the messages in it, oldest first. Throws where it cannot be
   * used, or belongs to somebody else: what lies in it is sent in this host's name.
   */
  async open(): Promise<SpoolFile[]> {
    await makeDirectory(this.#path)
    const found = await lstat(this.#path)
    if (!found.isDirectory()) throw new Error('it is no directory')
    if (found.uid !== process.geteuid?.()) throw new Error(`it belongs to user ${found.uid}`)
    await chmod(this.#path, 0o700)
    const files: SpoolFile[] = []
    for await (const entry of await opendir(this.#path)) {
      if (!entry.isFile()) continue
      const file = await this.#fileOf(entry.name)
      if (file !== undefined) files.push(file)
      else if (isPart(entry.name)) await rm(join(this.#path, entry.name), { force: true })
    }
    return files.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Returns the name of the new file. Throws where it cannot be written, and then leaves none. */
  async write({ kind, at, body }: Message): Promise<string> {
    const name = `${String(at).padStart(15, '0')}-${randomUUID()}.${kind}.json`
    const part = join(this.#path, name + PART)
    try {
      await writeFile(part, body, { mode: 0o600, flag: 'wx', flush: true })
      await rename(part, join(this.#path, name))
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined)
      throw error
    }
    return name
  }

  /** Never throws: a file that cannot be read counts as damaged. */
  async read({ name, kind }: Pick<SpoolFile, 'name' | 'kind'>): Promise<Reading> {
    try {
      const body = await readFile(join(this.#path, name), 'utf8')
      const { schema } = JSON.parse(body) as { readonly schema?: unknown }
      if (schema === `sipfence.${kind}/1`) return { kind: 'message', body }
      return { kind: 'damaged', why: `its schema is not sipfence.${kind}/1` }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'gone' }
      return { kind: 'damaged', why: error instanceof SyntaxError ? 'it is not JSON' : String(error) }
    }
  }

  /** Gives a damaged file a name that is not read again. Never throws. */
  async setAside(name: string): Promise<void> {
    await rename(join(this.#path, name), join(this.#path, name + DAMAGED)).catch(() => undefined)
  }

  /** Never throws: a file that stays is sent once more after a restart, which does no harm. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#path, name), { force: true }).catch(() => undefined)
  }

  async #fileOf(name: string): Promise<SpoolFile | undefined> {
    const [, at, kind] = NAME.exec(name) ?? []
    if (at === undefined) return undefined
    const size = await stat(join(this.#path, name)).then(
      (found) => found.size,
      () => Number.POSITIVE_INFINITY,
    )
    if (size > LARGEST_FILE) return undefined
    return { name, kind: kind as Message['kind'], at: Number(at), size }
  }
}

/** Not by mkdir's own `recursive`: Node 20 tries for ever where a file system says ENOENT to everything, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

function isPart(name: string): boolean {
  return name.endsWith(PART) && NAME.test(name.slice(0, -PART.length))
}
