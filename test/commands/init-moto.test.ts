import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2'
import { IAM } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../lib/config.ts'
import { initDocument } from '../../lib/contract/init.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'
import { type MotoServer, startMoto } from '../aws/moto-server.ts'
import { lacks } from '../skips.ts'
import { runHere } from './in-process.ts'

const TRUST = { Version: '2012-10-17', Statement: [] }

describe.skipIf(lacks('sipfence init beside moto', 'moto'))('sipfence init of an instance in moto', () => {
  let moto: MotoServer
  let config: object
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-init-moto-'))
  beforeAll(async () => {
    moto = await startMoto()
    const { protocol, hostname, port } = await moto.ec2.config.endpoint!()
    const endpoint = `${protocol}//${hostname}:${port}`
    config = {
      endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    }
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await moto.stop()
  })

  /** One instance with a role, a group that lets SIP in, and a load balancer before it. */
  async function launched(): Promise<string> {
    const { ec2 } = moto
    const [iam, elb] = [new IAM(config), new ElasticLoadBalancingV2(config)]
    await iam.createRole({ RoleName: 'pbx-role', AssumeRolePolicyDocument: JSON.stringify(TRUST) })
    await iam.createInstanceProfile({ InstanceProfileName: 'pbx' })
    await iam.addRoleToInstanceProfile({ InstanceProfileName: 'pbx', RoleName: 'pbx-role' })
    const { Subnets } = await ec2.describeSubnets({})
    const { SubnetId, VpcId } = Subnets![0]!
    const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'sip', Description: 'sip', VpcId })
    const sip = { IpProtocol: 'udp', FromPort: 5060, ToPort: 5060, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [sip] })
    const { Images } = await ec2.describeImages({})
    const { Instances } = await ec2.runInstances({
      ImageId: Images![0]!.ImageId,
      MinCount: 1,
      MaxCount: 1,
      SubnetId,
      SecurityGroupIds: [GroupId!],
      IamInstanceProfile: { Name: 'pbx' },
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'Main PBX' }] }],
    })
    const id = Instances![0]!.InstanceId!
    const group = { Name: 'sip', Protocol: 'TCP', Port: 5060, VpcId, TargetType: 'instance' } as const
    const { TargetGroups } = await elb.createTargetGroup(group)
    const TargetGroupArn = TargetGroups![0]!.TargetGroupArn!
    const { LoadBalancers } = await elb.createLoadBalancer({
      Name: 'edge',
      Type: 'network',
      Subnets: [SubnetId!],
    })
    await elb.createListener({
      LoadBalancerArn: LoadBalancers![0]!.LoadBalancerArn,
      Protocol: 'TCP',
      Port: 5060,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    })
    await elb.registerTargets({ TargetGroupArn, Targets: [{ Id: id }] })
    for (const client of [iam, elb]) client.destroy()
    return id
  }

  function init(...args: readonly string[]) {
    return runHere(['init', ...args], {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_CONFIG_FILE: join(folder, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
      AWS_ENDPOINT_URL: (config as { endpoint: string }).endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'LOCAL',
      AWS_SECRET_ACCESS_KEY: 'local',
    })
  }

  test('finds it and what it stands in, and writes settings that can be deployed', async () => {
    const id = await launched()
    const { code, out, err } = await init(id, '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const document = initDocument.parse(JSON.parse(out))
    expect(document).toMatchObject({
      instance: { id, name: 'Main PBX', profile: 'pbx', role: 'pbx-role' },
      vpcCidrs: ['172.31.0.0/16'],
      networkAcls: [{ window: { firstRule: 20, lastRule: 79 }, firstAllow: { ruleNumber: 100 } }],
      openings: { everybody: [{ rule: 'udp 5060 from 0.0.0.0/0' }], some: [] },
      // Moto says nothing of preserve_client_ip.enabled: AWS's default for instances stands in.
      targets: [
        {
          group: 'sip',
          protocol: 'TCP',
          port: 5060,
          keepsSource: true,
          balancers: [{ name: 'edge', type: 'network' }],
        },
      ],
      // Moto has no Global Accelerator.
      accelerators: null,
      unknown: [{ what: 'the accelerators' }],
      obstacles: [{ kind: 'unknown' }],
    })
    const path = join(folder, 'sipfence.json')
    expect(await init(id, '--yes', '--out', path)).toMatchObject({ code: 0, err: '' })
    const [fence] = readConfig(path, readFileSync(path, 'utf8')).fences
    expect(deployProblems(fence!, 'fence')).toEqual([])
    expect(fence).toMatchObject({ id: 'main-pbx', instanceRole: 'pbx-role', ports: [5060] })
  })
})
