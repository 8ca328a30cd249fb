import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import { requiredText } from './parameters.ts'
import { inNamespace } from './query-namespace.ts'

const IAM_QUERY = inNamespace('https://iam.amazonaws.com/doc/2010-05-08/')

/**
 * GetInstanceProfile of IAM. NoSuchEntity and its status 404 are documented ("IAM errors").
 *
 * @param profiles the role in each instance profile, by the profile's name; null where it holds none
 */
export function iamApi(profiles: Readonly<Record<string, string | null>>): AwsApi {
  return {
    name: 'iam',
    protocol: IAM_QUERY,
    actions: {
      GetInstanceProfile(parameters) {
        const name = requiredText(parameters, 'InstanceProfileName')
        if (!Object.hasOwn(profiles, name))
          throw new AwsError('NoSuchEntity', `Instance Profile ${name} cannot be found.`, 404)
        const role = profiles[name] ?? null
        return {
          InstanceProfile: {
            ...idOf('instance-profile', name, 'InstanceProfile'),
            Roles: role === null ? [] : [idOf('role', role, 'Role')],
          },
        }
      },
    },
    throttled: { code: 'Throttling', status: 400 },
    internal: { code: 'ServiceFailure', status: 500 },
  }
}

function idOf(kind: string, name: string, prefix: string) {
  return {
    [`${prefix}Name`]: name,
    [`${prefix}Id`]: 'AIPALOCAL',
    Arn: `arn:aws:iam::${OWNER_ID}:${kind}/${name}`,
    Path: '/',
    CreateDate: '2026-01-01T00:00:00Z',
  }
}
