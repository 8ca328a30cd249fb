import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, test, vi } from 'vitest'
import { READ_ACTIONS } from '../../lib/aws/inspect.ts'
import { addInit } from '../../lib/commands/init.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'
import { ROOT } from './cli.ts'
import { flat } from './deployed-fence.ts'
import { runHere } from './in-process.ts'
import {
  ACL,
  ADMIN_GROUP,
  BUSY,
  GROUP,
  inbound,
  OTHER,
  openInitAccount,
  PBX,
  PUBLIC,
  pbxInterface,
  refused,
  SUBNET,
  SUBNET_BESIDE,
  said,
  VPC,
} from './init-account.ts'

/** XML has no way to write ESC; the C1 character does the same on a terminal. */
const HOSTILE = 'it says \u009b2J\u202eand\nmore'
const HARMLESS = 'it says \\u009b2J\\u202eand\\u000amore'
/** What a piece of work prints, in an environment of its own. */
async function printedBy(
  work: () => Promise<unknown>,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const out: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => out.push(String(chunk)) > 0)
  const own = process.env
  process.env = { ...env }
  try {
    await work()
  } finally {
    process.env = own
    spy.mockRestore()
  }
  return out.join('')
}

describe('sipfence init of a PBX that somebody just put on EC2', () => {
  test('writes settings that can be deployed, and changes nothing on AWS', async () => {
    const account = await openInitAccount()
    const out = await said(account, '--allow', '203.0.113.0/24', '--email', 'ops@example.com')
    expect(JSON.parse(account.text())).toEqual({
      $schema: expect.stringMatching(/^\.\..*\/sipfence\.schema\.json$/),
      version: 1,
      fences: [
        {
          id: 'main-pbx',
          account: '123456789012',
          region: 'eu-west-1',
          vpc: VPC,
          vpcCidrs: ['10.0.0.0/16'],
          instanceRole: 'pbx-role',
          mode: 'observe',
          pbxs: [{ id: PBX, addresses: ['10.0.0.10', '198.51.100.10'] }],
          networkAcls: [{ id: ACL }],
          allow: ['203.0.113.0/24'],
          ports: [5060],
          notify: { emails: ['ops@example.com'] },
        },
      ],
    })
    const [fence] = account.settings()!.fences
    expect(deployProblems(fence!, 'fence')).toEqual([])
    expect(account.aws.calls().filter(({ action }) => !/^(Describe|Get|List)/.test(action))).toEqual([])
    expect(out).toMatch(/Instance i-0123456789abcdef0 "Main PBX" in eu-west-1, account 123456789012/)
    expect(out).toContain('IAM role pbx-role')
    expect(out).toContain('rules 20 to 79 could be a fence')
    expect(out).toContain('room for 18 IPv4 and 18 IPv6 entries')
    expect(out).toContain('npx cdk deploy SipFence-main-pbx')
  })

  test('says what will be made and touched, and what nobody has said', async () => {
    const out = await said(await openInitAccount())
    expect(out).toContain('Makes stack SipFence-main-pbx')
    expect(out).toContain('sipfence-main-pbx-reconcile.fifo')
    expect(out).toContain(`Touches ${ACL}: inbound rules 20 to 79 and the tag sipfence:fence=main-pbx`)
    expect(out).toMatch(/Left open id: "main-pbx".* ports: 5060.* lockdown: none.* allow: nobody/)
    const named = ['--id', 'a', '--ports', '5060', '--lockdown', GROUP, '--allow', '192.0.2.1']
    const answered = await said(await openInitAccount(), ...named, '--email', 'a@example.com')
    expect(answered).not.toContain('Left open')
    expect(answered).toContain(`${GROUP}: its public rules for SIP, while a lockdown lasts`)
    expect(answered).toContain('prefix lists sipfence-a-trusted-ipv4 and sipfence-a-trusted-ipv6')
  })

  test('shows what the fence costs, by its own settings', async () => {
    const account = await openInitAccount()
    const program = new Command()
    addInit(program, ({ id, vpc }) => [`${id} in ${vpc}: 7 USD`])
    const args = [PBX, '--yes', '--region', 'eu-west-1', '--out', join(account.folder, 'sipfence.json')]
    const out = await printedBy(() => program.parseAsync(['node', 'sipfence', 'init', ...args]), account.env)
    expect(out).toContain(`\nCosts\nmain-pbx in ${VPC}: 7 USD\n`)
  })

  test('writes mode enforce where that is asked for and nothing is in its way', async () => {
    const account = await openInitAccount()
    const out = await said(account, '--enforce')
    expect(out).toContain('Enforce nothing found here would make its blocks void')
    expect(account.settings()?.fences[0]?.mode).toBe('enforce')
  })

  test('finds every address, subnet and range, IPv6 and secondary ones too', async () => {
    const account = await openInitAccount({
      vpcs: [
        {
          id: VPC,
          cidrs: ['10.0.0.0/16', '10.7.0.0/16'],
          ipv6: ['2001:db8:7::/56'],
          disassociated: ['10.9.0.0/16', '2001:db8:9::/56'],
        },
      ],
      networkInterfaces: [
        pbxInterface({
          ipv6: ['2001:db8:7::10'],
          moreIps: [{ privateIp: '10.0.0.11', publicIp: '198.51.100.11' }],
        }),
        pbxInterface({
          id: 'eni-00000000000000002',
          subnetId: 'subnet-00000000000000003',
          privateIp: '10.7.0.10',
          publicIp: undefined,
        }),
      ],
      acls: [
        { id: ACL, vpcId: VPC, subnetIds: [SUBNET] },
        { id: 'acl-00000000000000002', vpcId: VPC, subnetIds: ['subnet-00000000000000003'] },
        { id: 'acl-00000000000000003', vpcId: VPC, subnetIds: ['subnet-00000000000000004'] },
      ],
    })
    await said(account)
    expect(account.settings()?.fences[0]).toMatchObject({
      vpcCidrs: ['10.0.0.0/16', '10.7.0.0/16', '2001:db8:7::/56'],
      pbxs: [
        {
          addresses: [
            '10.0.0.10',
            '10.0.0.11',
            '198.51.100.10',
            '198.51.100.11',
            '2001:db8:7::10',
            '10.7.0.10',
          ],
        },
      ],
      networkAcls: [{ id: ACL }, { id: 'acl-00000000000000002' }],
    })
  })

  test('proposes a window round what is there, and says what that is', async () => {
    const entries = [inbound(40, 'deny', '192.0.2.0/24'), inbound(90, 'allow'), inbound(100, 'allow')]
    const account = await openInitAccount({ acls: [{ id: ACL, vpcId: VPC, subnetIds: [SUBNET], entries }] })
    const out = await said(account)
    expect(out).toContain('rule 40: deny all all ports 192.0.2.0/24 stands before that rule')
    expect(account.settings()?.fences[0]?.networkAcls).toEqual([{ id: ACL, firstRule: 41, lastRule: 89 }])
  })

  test('proposes the ports that the security groups tell, and goes by those that people name', async () => {
    const rule = { ...PUBLIC, ports: { from: 5060, to: 5080 } }
    const odd = { ...PUBLIC, ports: { from: 7060, to: 7061 }, description: 'SIP trunk' }
    const media = { ...PUBLIC, ports: { from: 10_000, to: 20_000 } }
    const securityGroups = [{ id: GROUP, vpcId: VPC, rules: [rule, odd, media] }]
    const account = await openInitAccount({ securityGroups })
    expect((await account.seen()).ports).toEqual([5060, 5061, 5080, 7060, 7061])
    expect((await account.seen('--ports', '5070,5071')).ports).toEqual([5070, 5071])
  })

  test('says where nothing tells the ports, where SIP is shut, and where it is open to some only', async () => {
    const all = { protocol: '-1', cidr: '0.0.0.0/0' }
    const open = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules: [all] }] })
    expect((await open.seen()).warnings.join()).toContain('no rule of a security group tells which ports')
    const shut = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules: [] }] })
    expect((await shut.seen()).warnings.join()).toContain('no security group lets SIP in')
    const rules = [{ ...PUBLIC, cidr: '203.0.113.0/24' }]
    const some = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules }] })
    const { openings, warnings } = await some.seen()
    expect(openings).toEqual({
      everybody: [],
      some: [{ group: GROUP, rule: 'udp 5060 from 203.0.113.0/24' }],
    })
    expect(warnings.join()).toContain('not open to the public')
  })

  test('names what else is in the subnets of the network ACL, and who of it is likely a PBX', async () => {
    const account = await openInitAccount({
      networkInterfaces: [
        pbxInterface(),
        pbxInterface({ id: 'eni-00000000000000002', instanceId: OTHER, subnetId: SUBNET_BESIDE }),
        pbxInterface({
          id: 'eni-00000000000000003',
          instanceId: undefined,
          groupIds: [],
          description: HOSTILE,
        }),
        pbxInterface({
          id: 'eni-00000000000000004',
          subnetId: 'subnet-00000000000000009',
          instanceId: OTHER,
        }),
      ],
    })
    const { neighbours, likelyPbxs } = await account.seen()
    expect(neighbours?.map(({ id }) => id)).toEqual(['eni-00000000000000002', 'eni-00000000000000003'])
    expect(likelyPbxs).toEqual([OTHER])
    const out = await said(account)
    expect(out).toContain(`${SUBNET_BESIDE}: ${OTHER} (eni-00000000000000002), likely a PBX`)
    expect(out).toContain(HARMLESS)
    expect(out).not.toContain('\u009b')
  })

  test('escapes the names that people gave, and makes an id of them', async () => {
    const account = await openInitAccount({
      instances: [{ id: PBX, tags: { Name: HOSTILE }, profile: 'pbx' }],
    })
    const out = await said(account)
    expect(out).toContain(HARMLESS)
    expect(account.settings()?.fences[0]?.id).toBe('it-says-2j-and-more')
  })
})

describe('sipfence init --lockdown', () => {
  test('makes the lists as small as the security group has room for', async () => {
    const rules = [
      PUBLIC,
      { ...PUBLIC, protocol: 'tcp' },
      ...Array.from({ length: 30 }, (_, i) => ({
        ...PUBLIC,
        cidr: `203.0.113.${i}/32`,
        ports: { from: 22, to: 22 },
      })),
    ]
    const account = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules }] })
    expect((await account.seen()).lockdown).toEqual({ groups: [GROUP], maxEntries: 14, refused: [] })
    await said(account, '--lockdown', GROUP)
    expect(account.settings()?.fences[0]?.firewalls.trustedPeers).toMatchObject({
      securityGroups: [GROUP],
      maxEntries: 14,
    })
  })

  test('says why one would be refused', async () => {
    const rules = [{ ...PUBLIC, ports: { from: 1024, to: 65_535 } }]
    const account = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules }] })
    expect(await said(account)).toMatch(/Lockdown would be refused: the rule .* is for more than SIP/)
  })

  test('refuses a group that is not on the instance', async () => {
    const securityGroups = [
      { id: GROUP, vpcId: VPC, rules: [PUBLIC] },
      { id: ADMIN_GROUP, vpcId: VPC },
    ]
    const account = await openInitAccount({ securityGroups })
    expect(await refused(account, PBX, '--yes', '--lockdown', ADMIN_GROUP)).toContain(
      `Cannot let a lockdown close ${ADMIN_GROUP}: it is on no interface of ${PBX}; those that are: ${GROUP}`,
    )
  })
})

describe('the file that sipfence init writes', () => {
  test('is not replaced unless that is asked for, and nothing is read of AWS before that is known', async () => {
    const account = await openInitAccount()
    await said(account)
    const before = account.text()
    const calls = account.aws.calls().length
    expect(await refused(account, PBX, '--yes', '--id', 'b')).toMatch(/is there already; --add .* --force/)
    expect(account.text()).toBe(before)
    expect(account.aws.calls()).toHaveLength(calls)
    await said(account, '--force', '--id', 'b')
    expect(account.settings()?.fences.map(({ id }) => id)).toEqual(['b'])
    expect(readdirSync(account.folder)).toEqual(['sipfence.json'])
  })

  test('gets the fence beside those in it, which stay as they were written', async () => {
    const account = await openInitAccount()
    const own = { $schema: './mine.json', version: 1, fences: [{ id: 'main-pbx', mode: 'enforce' }] }
    writeFileSync(join(account.folder, 'sipfence.json'), JSON.stringify(own))
    await said(account, '--add')
    const { $schema, fences } = JSON.parse(account.text())
    expect($schema).toBe('./mine.json')
    expect(fences).toEqual([own.fences[0], expect.objectContaining({ id: 'main-pbx-2', mode: 'observe' })])
  })

  test('gets no second fence for one network ACL, and says what is meant', async () => {
    const account = await openInitAccount()
    await said(account)
    expect(await refused(account, PBX, '--yes', '--add')).toContain(
      `network ACL ${ACL} belongs to fence "main-pbx" of it already; add the PBX to that fence’s pbxs: [{"id":"${PBX}"`,
    )
  })

  test('is left alone where it cannot be used', async () => {
    const account = await openInitAccount()
    writeFileSync(join(account.folder, 'sipfence.json'), '{"version": 2}')
    expect(await refused(account, PBX, '--yes', '--add')).toMatch(
      /Cannot use settings .*version: should be 1/,
    )
    expect(account.text()).toBe('{"version": 2}')
  })

  test('is not written where its folder is not there', async () => {
    const account = await openInitAccount()
    const out = join(account.folder, 'none', 'sipfence.json')
    expect(await refused(account, PBX, '--yes', '--out', out)).toContain('its folder is not there')
  })
})

describe('sipfence init', () => {
  test.each([
    [['i-1'], /Cannot look at "i-1"; it should be an instance id/],
    [[PBX, '--id', 'No'], /Cannot use --id "No".*should be 1 to 31/],
    [[PBX, '--ports', '0'], /Cannot use --ports "0"/],
    [[PBX, '--allow', '192.0.2.1/24'], /Cannot use --allow: "192.0.2.1\/24" has host bits set/],
    [[PBX, '--allow', '0.0.0.0/0'], /should be a \/8 or narrower/],
    [[PBX, '--email', 'nobody'], /Cannot use --email "nobody".*e-mail address/],
    [[PBX, '--lockdown', 'sg-1'], /Cannot use --lockdown "sg-1".*security group id/],
    [[PBX, '--region', 'eu-west-1a'], /Cannot use --region "eu-west-1a".*AWS region/],
    [[PBX, '--force', '--add'], /Cannot use --force with --add/],
    [[PBX, '--json', '--enforce'], /Cannot use --enforce with --json/],
    [[], /Cannot tell which instance is meant: name it, as in sipfence init i-/],
  ])('%j is wrong usage', async (args, words) => {
    const account = await openInitAccount()
    const { code, err } = await account.init(...args)
    expect({ code, err: flat(err) }).toEqual({ code: 2, err: expect.stringMatching(words) })
    expect(account.settings()).toBeUndefined()
  })

  test('reads by the actions that docs/init.md names, and by no other', async () => {
    const list = { id: 'pl-00000000000000001', family: 4, maxEntries: 5 } as const
    const rules = [PUBLIC, { protocol: 'tcp', ports: { from: 22, to: 22 }, prefixListId: list.id }]
    const account = await openInitAccount({
      ...BUSY,
      prefixLists: [list],
      securityGroups: [{ id: GROUP, vpcId: VPC, rules }],
    })
    await account.seen()
    const called = new Set(account.aws.calls().map(({ service, action }) => `${service}:${action}`))
    expect([...called].sort()).toEqual([...READ_ACTIONS].sort())
    const text = readFileSync(join(ROOT, 'docs/init.md'), 'utf8')
    const named = text.match(/(?<=")[a-z0-9]+:[A-Z][A-Za-z]+(?=")/g) ?? []
    expect([...named].sort()).toEqual([...READ_ACTIONS].sort())
  })

  test('has every option in docs/init.md', async () => {
    const text = readFileSync(join(ROOT, 'docs/init.md'), 'utf8')
    const { out } = await runHere(['init', '--help'])
    const options = out.match(/^ {2}--[a-z]+/gm) ?? []
    expect(options.length).toBeGreaterThan(10)
    for (const option of options) expect(text).toContain(`\`${option.trim()}`)
  })

  test('--json prints what was found and writes nothing', async () => {
    const account = await openInitAccount()
    expect(await account.seen()).toMatchObject({
      instance: { id: PBX, role: 'pbx-role' },
      networkAcls: [{ id: ACL, window: { firstRule: 20, lastRule: 79 }, room: { ipv4: 18, ipv6: 18 } }],
      unknown: [],
    })
    expect(account.settings()).toBeUndefined()
  })
})
