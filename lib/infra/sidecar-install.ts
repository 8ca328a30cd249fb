import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type IRole, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { CfnAssociation, CfnDocument } from 'aws-cdk-lib/aws-ssm'
import { Validations } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import { ConfigError, type FenceConfig } from '../config.ts'
import { settingsText } from './bundle.ts'
import type { PbxAccess } from './pbx-access.ts'

/** Names of processors: of Node's, which tarballs are named by, and of uname's. */
const PROCESSORS = { x64: 'x86_64', arm64: 'aarch64' } as const
type Processor = keyof typeof PROCESSORS
type Tarballs = Readonly<Partial<Record<Processor, Asset>>>

/** Where only root can write: in a folder of everybody's somebody else could exchange what was downloaded. */
const DOWNLOADS = '/var/lib/sipfence-download'

/**
 * Keeps the sidecar installed on every instance that has the tag, by AWS Systems Manager: now, when a tarball or the settings
 * change, and when an instance gets the tag. By the same document `Action=remove` and `Action=status` are run by hand.
 *
 * Instances need SSM's agent and a role that lets it in, as AmazonSSMManagedInstanceCore does; a role that the stack has
 * made for them gets it.
 */
export class SidecarInstall extends Construct {
  /** Lets an instance read the tarballs and the settings, nothing else in the bucket. */
  readonly download: ManagedPolicy
  readonly document: CfnDocument

  constructor(scope: Construct, id: string, fence: FenceConfig, pbx: PbxAccess) {
    super(scope, id)
    const { folder, tag } = fence.sidecar!
    const tarballs = this.#tarballs(folder)
    const settings = this.#settings(fence)
    const assets = [...Object.values(tarballs), settings]
    this.download = new ManagedPolicy(this, 'Download', {
      description: 'Lets a PBX download its sipfence sidecar and settings',
      statements: [
        new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: assets.map(({ bucket, s3ObjectKey }) => bucket.arnForObjects(s3ObjectKey)),
        }),
        // SSM's agent lists whatever it downloads before it does.
        new PolicyStatement({
          actions: ['s3:ListBucket'],
          resources: [settings.bucket.bucketArn],
          conditions: { StringLike: { 's3:prefix': assets.map(({ s3ObjectKey }) => `${s3ObjectKey}*`) } },
        }),
      ],
    })
    this.download.attachToRole(pbx.role)
    if (pbx.instanceProfile !== undefined) letSystemsManagerIn(pbx.role)
    this.document = new CfnDocument(this, 'Document', {
      documentType: 'Command',
      documentFormat: 'JSON',
      targetType: '/AWS::EC2::Instance',
      updateMethod: 'NewVersion',
      content: commandDocument(fence.id, tarballs, settings),
    })
    const association = new CfnAssociation(this, 'Association', {
      name: this.document.ref,
      associationName: `sipfence-${fence.id}-sidecar`,
      targets: [{ key: `tag:${tag.key}`, values: [tag.value ?? fence.id] }],
      // A tarball or settings that changed have another name, and the document with them; then SSM runs it again.
      parameters: { Action: ['install'] },
      // And once a week, where it failed or somebody has taken the sidecar away.
      scheduleExpression: 'rate(7 days)',
      maxConcurrency: '10%',
      maxErrors: '1',
      complianceSeverity: 'MEDIUM',
    })
    // The first run is at once, and needs to download.
    association.node.addDependency(this.download)
  }

  #tarballs(folder: string): Tarballs {
    const found = (Object.keys(PROCESSORS) as Processor[]).flatMap((processor): [Processor, Asset][] => {
      const path = newestTarball(folder, processor)
      return path === undefined ? [] : [[processor, new Asset(this, `Tarball-${processor}`, { path })]]
    })
    if (found.length > 0) return Object.fromEntries(found)
    throw new ConfigError(
      `Cannot use sidecar.folder "${folder}": it should hold a tarball such as sipfence-sidecar-0.2.0-linux-x64.tar.gz; make them by npm run package`,
    )
  }

  #settings(fence: FenceConfig): Asset {
    const folder = mkdtempSync(join(tmpdir(), 'sipfence-settings-'))
    try {
      const path = join(folder, 'sipfence.json')
      writeFileSync(path, settingsText(fence))
      return new Asset(this, 'Settings', { path })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

function letSystemsManagerIn(role: IRole): void {
  role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('AmazonSSMManagedInstanceCore'))
  Validations.of(role).acknowledge({
    id: 'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore]',
    reason: 'It is what AWS keeps current for its own agent, and the sidecar is installed by that agent',
  })
}

/** The highest version by its name; undefined where there is none, or no folder. */
function newestTarball(folder: string, processor: Processor): string | undefined {
  const pattern = new RegExp(`^sipfence-sidecar-\\d+\\.\\d+\\.\\d+\\S*-linux-${processor}\\.tar\\.gz$`)
  try {
    const names = readdirSync(folder).filter((name) => pattern.test(name))
    const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
    return newest === undefined ? undefined : resolve(folder, newest)
  } catch {
    return undefined
  }
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html, schema 2.2 */
function commandDocument(fence: string, tarballs: Tarballs, settings: Asset): object {
  const assets: readonly (readonly [string, Asset])[] = [...Object.entries(tarballs), ['settings', settings]]
  return {
    schemaVersion: '2.2',
    description: `Installs, removes or shows the sipfence sidecar of fence ${fence}`,
    parameters: {
      Action: {
        type: 'String',
        description: 'install also upgrades; remove leaves nothing behind',
        default: 'install',
        allowedValues: ['install', 'remove', 'status'],
      },
    },
    mainSteps: [
      ...assets.map(([name, { httpUrl }]) => ({
        action: 'aws:downloadContent',
        name: `download_${name}`,
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: {
          sourceType: 'S3',
          sourceInfo: JSON.stringify({ path: httpUrl }),
          destinationPath: `${DOWNLOADS}/${name}/`,
        },
      })),
      {
        action: 'aws:runShellScript',
        name: 'act',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: '300', runCommand: [actingScript(tarballs, settings)] },
      },
    ],
  }
}

function actingScript(tarballs: Tarballs, settings: Asset): string {
  const choices = Object.entries(tarballs).map(
    ([processor, { s3ObjectKey }]) =>
      `  ${PROCESSORS[processor as Processor]}) tarball=${DOWNLOADS}/${processor}/${s3ObjectKey} ;;`,
  )
  return [
    'set -eu',
    `trap 'rm -rf ${DOWNLOADS}' EXIT`,
    'if [ "{{ Action }}" != install ]; then sipfence-sidecar "{{ Action }}"; exit; fi',
    'case $(uname -m) in',
    ...choices,
    '  *) echo "sipfence has no sidecar for the processor $(uname -m)" >&2; exit 1 ;;',
    'esac',
    `mkdir -p ${DOWNLOADS}/unpacked`,
    `tar -xzf "$tarball" -C ${DOWNLOADS}/unpacked --strip-components=1`,
    `sh ${DOWNLOADS}/unpacked/install.sh install --config ${DOWNLOADS}/settings/${settings.s3ObjectKey}`,
  ].join('\n')
}
