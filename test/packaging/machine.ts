import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Ended } from '../commands/cli.ts'
import { eventually } from '../eventually.ts'
import { cgroup2 } from './needs.ts'

/** A Debian in a folder, without Node; it shares this host's network, and nothing else. */
export interface Machine {
  /** Its root, as this process sees it. */
  readonly root: string
  /** Runs a shell command in it: in a chroot, or once it has booted beside its systemd. */
  run(command: string): Promise<Ended>
  /** Starts its systemd, and waits until that has started everything. */
  boot(): Promise<void>
  /** Ends all its processes. Its files lie in memory of its own and go with them. */
  close(): Promise<void>
}

const SUITE = 'bookworm'
const MIRROR = 'http://deb.debian.org/debian'

/** The least that can be run, its packages from Debian's mirror. It lies in a mount namespace of its own. */
const MAKE = `set -e
mount -t tmpfs -o size=3g,mode=755 tmpfs "$1"
debootstrap --variant=minbase --include=tcpdump,systemd,systemd-sysv ${SUITE} "$1/root" ${MIRROR} >"$1/log" 2>&1 || { tail -n 5 "$1/log" >&2; exit 1; }
mount --bind "$1/root" "$1/root"
mount -t proc proc "$1/root/proc"
mount -t sysfs -o ro sysfs "$1/root/sys"
mount -t tmpfs -o mode=755 tmpfs "$1/root/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$1/root/dev/\${node%:*}" c 1 "\${node#*:}"; done
ln -s /proc/self/fd "$1/root/dev/fd"
mkdir "$1/root/dev/pts" "$1/root/dev/shm" "$1/root/dev/mqueue"
ln -s pts/ptmx "$1/root/dev/ptmx"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$1/root/dev/pts"
echo made
exec sleep infinity`

/** In namespaces of its own, as PID 1 there. It keeps its processes in a cgroup of ours. */
const BOOT = `set -e
mkdir -p "$1" && echo $$ >"$1/cgroup.procs"
exec unshare --mount --pid --ipc --uts --cgroup --fork --kill-child --propagation private sh -c '
set -e
cd "$1"
mount -t proc proc proc
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . mnt && umount -l /mnt
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
' sh "$2"`

/** Throws, in debootstrap's words, where it cannot be made. Needs root. */
export async function newMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-machine-'))
  const holder = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', MAKE, 'sh', folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [line] = await Promise.race([
    once(createInterface({ input: holder.stdout }), 'line'),
    once(holder, 'close'),
  ])
  if (line !== 'made') {
    rmSync(folder, { recursive: true })
    throw new Error('Cannot make a machine: debootstrap failed; its words are above')
  }
  return new Namespaced(folder, holder)
}

class Namespaced implements Machine {
  readonly root: string
  readonly #folder: string
  readonly #holder: ChildProcess
  readonly #inside: number
  #boot: ChildProcess | undefined
  #cgroup = ''
  #systemd: number | undefined

  constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder
    this.#holder = holder
    this.#inside = childrenOf(holder.pid!)[0]!
    this.root = `/proc/${this.#inside}/root${folder}/root`
  }

  run(command: string): Promise<Ended> {
    const where =
      this.#systemd === undefined
        ? ['-t', String(this.#inside), '--mount', '--pid', 'chroot', `${this.#folder}/root`]
        : ['-t', String(this.#systemd), '--all']
    const env = { PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
    return new Promise((resolve) => {
      execFile('nsenter', [...where, 'sh', '-c', command], { env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : ((error.code as number | undefined) ?? null), out, err })
      })
    })
  }

  async boot(): Promise<void> {
    this.#cgroup = join(cgroup2()!, `sipfence-test-${process.pid}`)
    const args = ['-t', String(this.#inside), '--mount', '--pid', 'sh', '-c', BOOT, 'sh', this.#cgroup]
    this.#boot = spawn('nsenter', [...args, `${this.#folder}/root`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await eventually(async () => {
      this.#systemd = below(this.#boot!.pid!).find((pid) => commandOf(pid) === 'systemd')
      if (this.#systemd === undefined) return false
      const { out } = await this.run('systemctl is-system-running')
      return /^(running|degraded)/.test(out)
    }, 100)
  }

  async close(): Promise<void> {
    for (const child of [this.#boot, this.#holder]) {
      if (child === undefined || child.exitCode !== null) continue
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
    }
    if (this.#cgroup !== '') await removeCgroup(this.#cgroup)
    rmSync(this.#folder, { recursive: true })
  }
}

/** It is empty as soon as the kernel has ended what was in it. */
async function removeCgroup(path: string): Promise<void> {
  await eventually(() => {
    try {
      if (existsSync(path)) removeEmpty(path)
      return true
    } catch {
      return false
    }
  })
}

function removeEmpty(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(path, entry.name))
  rmdirSync(path)
}

/** The processes below this one, the nearest first. */
function below(pid: number): number[] {
  const children = childrenOf(pid)
  return [...children, ...children.flatMap(below)]
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
