import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../lib/version.ts'
import { buildTarball } from '../../packaging/build.ts'
import type { Ended } from '../commands/cli.ts'
import { freePort, type MotoQueue, motoEnvironment, startMotoQueue } from '../commands/moto-queue.ts'
import { request } from '../core/talk.ts'
import { eventually } from '../eventually.ts'
import { lacks } from '../skips.ts'
import { type Machine, newMachine } from './machine.ts'
import { lacksFor } from './needs.ts'

/** The tarball on a Debian that has no Node, under a systemd of its own. The tests are one story, in their order. */

const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64'
const HOST = 'i-0123456789abcdef0'
const UNIT = 'sipfence-sidecar.service'
/** What programs other than ours write to while they run. */
const NOT_OURS = 'proc sys dev run var/log/journal var/lib/systemd'

let machine: Machine
let moto: MotoQueue
let folder = ''
let sipPort = 0
let home = ''
let before = ''

async function start(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-installed-'))
  const making = newMachine()
  const [tarball, port] = await Promise.all([buildTarball(ARCH, folder, { level: 1 }), freePort()])
  moto = await startMotoQueue(port, 'sipfence-pbx-reports')
  machine = await making
  sipPort = await freePort()
  copyFileSync(tarball.path, join(machine.root, 'root/sidecar.tar.gz'))
  execFileSync('tar', ['-xzf', tarball.path, '-C', join(machine.root, 'root')])
  home = `/root/sipfence-sidecar-${VERSION}-linux-${ARCH}`
  const fence = { id: 'pbx', region: 'eu-west-1', ports: [sipPort], pbxs: [{ addresses: ['127.0.0.1'] }] }
  put('/root/sipfence.json', JSON.stringify({ version: 1, fences: [fence] }))
  put('/root/wrong.json', '{ "version": 1, "fences": [{ "id": "pbx", "prots": [] }] }')
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL } = motoEnvironment(port)
  const environment = {
    SIPFENCE_OPTIONS: `--interface lo --host ${HOST} --heartbeat 1s`,
    SIPFENCE_LISTEN: `127.0.0.1:${await freePort()}`,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...{ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL },
  }
  const lines = Object.entries(environment).map(([key, value]) => `${key}=${value}\n`)
  put('/root/sidecar.env', lines.join(''))
}

function put(path: string, text: string): void {
  writeFileSync(join(machine.root, path), text)
}

/** Every file of the machine with its kind, mode and owner, and the contents of those below /etc. */
async function files(): Promise<string> {
  const prune = NOT_OURS.split(' ').map((path) => `-path /${path} -prune`)
  const list = `find / -xdev \\( ${prune.join(' -o ')} \\) -o -printf '%p %y %m %U %l\\n' | sort`
  const sums = 'find /etc -type f -exec md5sum {} + | sort -k 2'
  return (await run(`${list}; ${sums}`)).out
}

async function run(command: string): Promise<Ended> {
  return await machine.run(command)
}

/** A version that differs by its number, and by what is done to its folder. */
async function madeVersion(version: string, change = 'true'): Promise<string> {
  const made = `/root/version-${version}`
  await run(
    `cp -R ${home} ${made} && cd ${made} && sed -i 's/^version=.*/version=${version}/' BUILD && ${change}`,
  )
  return made
}

async function current(): Promise<string> {
  return readlinkSync(join(machine.root, 'opt/sipfence/current')).split('/').at(-1)!
}

async function property(name: string): Promise<string> {
  return (await run(`systemctl show -p ${name} --value ${UNIT}`)).out.trim()
}

interface Report {
  readonly boot: string
  readonly totals: { readonly w10: { readonly register?: number } }
}

/** Sends REGISTERs over loopback until a report has counted some; that report. */
async function counted(): Promise<Report> {
  await moto.drain()
  const phone = createSocket('udp4').bind(0, '127.0.0.2')
  await once(phone, 'listening')
  try {
    let cseq = 0
    return await eventually(async () => {
      phone.send(request('REGISTER', { cseq: ++cseq }), sipPort, '127.0.0.1')
      const reports = (await moto.drain()).map((body) => JSON.parse(body) as Report)
      return reports.find(({ totals }) => (totals?.w10.register ?? 0) > 0)
    }, 100)
  } finally {
    phone.close()
  }
}

/** Settings for the lab: where AWS is, and what to listen to. */
async function putOptions(): Promise<void> {
  mkdirSync(join(machine.root, 'etc/sipfence'), { recursive: true })
  await run('cp /root/sidecar.env /etc/sipfence/')
}

describe.skipIf(
  lacks('the sidecar installed on a clean Debian', 'root', 'moto', 'ip') ||
    lacksFor('the sidecar installed on a clean Debian', 'debootstrap', 'cgroup2'),
)('the sidecar on a Debian without Node', () => {
  beforeAll(start)
  afterAll(async () => {
    await machine?.close()
    await moto?.stop()
    rmSync(folder, { recursive: true })
  })

  test('is refused with the next step where something is missing, and then changes nothing', async () => {
    before = await files()
    const refused = async (command: string, code: number, said: RegExp) =>
      expect(await run(`cd ${home}; ${command}`)).toMatchObject({ code, err: expect.stringMatching(said) })
    await refused(
      'sh install.sh install',
      2,
      /no settings in \/etc\/sipfence\/sipfence.json yet; pass --config FILE/,
    )
    await refused('sh install.sh install --config /root/none.json', 2, /there is no file "\/root\/none.json"/)
    await refused('sh install.sh install --config /root/wrong.json', 2, /has no setting "prots"/)
    await refused('sh install.sh instal', 2, /there is no "instal"/)
    await refused('sh install.sh remove --config x', 2, /remove does not take "--config"/)
    await refused('sh install.sh upgrade', 1, /nothing is installed in \/opt\/sipfence; use install/)
    await refused('sh install.sh status', 1, /not installed/)
    const faked = (program: string, words: string) =>
      `mkdir -p /run/fake && printf '#!/bin/sh\\n${words}\\n' >/run/fake/${program} && chmod +x /run/fake/${program} && PATH=/run/fake:$PATH sh install.sh install --config /root/sipfence.json; code=$?; rm -r /run/fake; exit $code`
    await refused(faked('uname', 'echo riscv64'), 1, /tarball is for (x64|arm64) and this machine is riscv64/)
    await refused(faked('getconf', 'echo glibc 2.26'), 1, /has glibc 2.26 and Node needs 2.28 or newer/)
    await refused(faked('getconf', 'exit 1'), 1, /this system has no glibc/)
    await refused(faked('id', 'echo 1000'), 1, /you are not root; use sudo/)
    const hidden =
      'mv /usr/bin/tcpdump /usr/bin/hidden; sh install.sh install --config /root/sipfence.json; code=$?'
    await refused(
      `${hidden}; mv /usr/bin/hidden /usr/bin/tcpdump; exit $code`,
      1,
      /no tcpdump; run apt-get install tcpdump/,
    )
    expect(await files()).toBe(before)
  })

  test('is installed where systemd does not run, says how to run it, and is gone when removed', async () => {
    await putOptions()
    expect(await run(`sh ${home}/install.sh install --config /root/sipfence.json`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /interface lo, PBX 127.0.0.1[\s\S]*systemd does not run here; start it with \/opt\/sipfence\/current\/run/,
      ),
    })
    const help = await run('/opt/sipfence/current/run --help')
    expect([help.code, help.out]).toEqual([0, expect.stringContaining('Usage: sipfence sidecar')])
    expect((await run('sipfence-sidecar status')).out).toMatch(/version .*\n.*systemd does not run here/)
    expect(await run('sipfence-sidecar remove')).toMatchObject({ code: 0 })
    expect(await files()).toBe(before)
  })

  test('is installed under systemd, counts and reports', async () => {
    await machine.boot()
    before = await files()
    await putOptions()
    const installed = await run(`sh ${home}/install.sh install --config /root/sipfence.json`)
    expect(installed).toMatchObject({ code: 0, out: expect.stringContaining('it runs, and counts') })
    await counted()
    expect(await run('sipfence-sidecar status')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/version \d.*\n.*active since .*\n.*healthy/),
    })
    expect(await property('StatusText')).toBe('Counting')
  })

  test('has a unit in which systemd finds no fault, and may do little', async () => {
    expect(await run(`systemd-analyze verify ${UNIT}`)).toEqual({ code: 0, out: '', err: '' })
    const { code, out } = await run(`systemd-analyze security --no-pager --threshold=25 ${UNIT}`)
    expect([code, out]).toEqual([0, expect.stringContaining('Overall exposure level')])
  })

  test('runs as nobody in particular, and it and tcpdump may capture and nothing else', async () => {
    const cgroup = await property('ControlGroup')
    const pids = (await run(`cat /sys/fs/cgroup${cgroup}/cgroup.procs`)).out.trim().split('\n')
    expect(pids.length).toBeGreaterThanOrEqual(2)
    for (const pid of pids) {
      const { out } = await run(`cat /proc/${pid}/status`)
      expect(out).toMatch(/^CapEff:\t0000000000002000$/m) // CAP_NET_RAW
      expect(out).toMatch(/^CapBnd:\t0000000000002000$/m)
      expect(out).toMatch(/^Uid:\t6\d{4}\t/m) // systemd's dynamic users
      expect(out).toMatch(/^NoNewPrivs:\t1$/m)
      expect(out).toMatch(/^Seccomp:\t2$/m)
    }
  })

  test('changes nothing, and runs on, where it is installed again', async () => {
    const pid = await property('MainPID')
    const again = await run(`sh ${home}/install.sh install --config /root/sipfence.json`)
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining(`already installed: ${VERSION}`) })
    expect(await property('MainPID')).toBe(pid)
  })

  test('is started again when it is killed, and reports under another boot name', async () => {
    const { boot } = await counted()
    await run(`systemctl kill --kill-whom=main -s KILL ${UNIT}`)
    const later = await counted()
    expect(later.boot).not.toBe(boot)
    expect(await property('NRestarts')).toBe('1')
  })

  test('is upgraded, with its settings, and the version before goes', async () => {
    const next = await madeVersion('9.0.0')
    expect(await run(`sh ${next}/install.sh upgrade`)).toMatchObject({ code: 0 })
    expect(await current()).toBe('9.0.0')
    expect(readdirSync(join(machine.root, 'opt/sipfence')).sort()).toEqual(['9.0.0', 'current'])
    await counted()
  })

  test('goes to another version by the command on the path, which takes its tarball', async () => {
    const misused = { code: 2, err: expect.stringMatching(/name the new tarball/) }
    expect(await run('sipfence-sidecar upgrade')).toMatchObject(misused)
    expect(await run('sipfence-sidecar upgrade /root/sidecar.tar.gz')).toMatchObject({ code: 0 })
    expect(await current()).toBe(VERSION)
    expect((await run('ls -d /tmp/tmp.*')).code).not.toBe(0)
  })

  test.each(['9.1.0', VERSION])(
    'goes back to what ran where version %s does not get ready',
    async (version) => {
      const broken = `sed -i '2i if (!process.argv.includes("--check")) process.exit(1)' lib/sipfence.mjs && echo broken >>BUILD`
      const made = await madeVersion(version, broken)
      const settings = readFileSync(join(machine.root, 'etc/sipfence/sipfence.json'), 'utf8')
      put('/root/other.json', settings.replace('"id":"pbx"', '"id":"other"'))
      expect(await run(`sh ${made}/install.sh upgrade --config /root/other.json`)).toMatchObject({
        code: 1,
        err: expect.stringMatching(new RegExp(`Cannot start ${version}: what ran before runs again`)),
      })
      expect(await current()).toBe(VERSION)
      expect(readdirSync(join(machine.root, 'opt/sipfence')).sort()).toEqual([VERSION, 'current'])
      expect(readdirSync(join(machine.root, 'etc/sipfence')).sort()).toEqual(['sidecar.env', 'sipfence.json'])
      expect(readFileSync(join(machine.root, 'etc/sipfence/sipfence.json'), 'utf8')).toBe(settings)
      await counted()
      await run(`rm -r ${made}`)
    },
  )

  test('leaves nothing behind when removed, but its settings where told', async () => {
    expect(await run('sipfence-sidecar remove --keep-settings')).toMatchObject({ code: 0 })
    expect((await run('ls /etc/sipfence')).out).toBe('sidecar.env\nsipfence.json\n')
    await run(`sh ${home}/install.sh install`)
    await counted()
    expect(await run('sipfence-sidecar remove')).toMatchObject({ code: 0 })
    await run('rm -r /root/version-* /root/other.json')
    expect(await files()).toBe(before)
  })
})
