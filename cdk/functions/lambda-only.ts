import type { Plugin } from "esbuild";
import type { FunctionSpec, Service } from "./spec.ts";

/** What Lambda never needs of the SDK and of ElectroDB, and why. */
const NEVER_LOADED: readonly { readonly path: RegExp; readonly why: string }[] = [
  {
    path: /^@aws-sdk\/credential-provider-(http|ini|process|sso|web-identity|login)$/,
    why: "Lambda hands its credentials over in the environment, which is asked first",
  },
  { path: /^@smithy\/credential-provider-imds$/, why: "likewise: no instance, no metadata" },
  { path: /^bowser$/, why: "reads the names of browsers" },
];

const ALL: readonly Service[] = ["dynamodb", "s3", "sns", "sqs", "lambda", "dynamodb-streams"];

/**
 * Leaves out of a bundle what its function cannot use: the clients of services that it does not ask, ways to find
 * credentials that Lambda does not have, and ElectroDB's own client. Whatever is left out throws when it is asked for.
 */
export const lambdaOnly = ({ services, neverRun = [] }: FunctionSpec): Plugin => ({
  name: "lambda-only",
  setup: build => {
    const absent = (path: string) => ({ path, namespace: "absent" });
    for (const { path } of NEVER_LOADED) build.onResolve({ filter: path }, args => absent(args.path));
    for (const service of ALL)
      if (!services.includes(service))
        build.onResolve({ filter: new RegExp(`/new-client/${service}\\.ts$`) }, args => absent(args.path));
    if (!services.includes("sns")) build.onResolve({ filter: /\/topic\.ts$/ }, args => absent(args.path));
    for (const name of neverRun)
      build.onResolve({ filter: new RegExp(`^${name}(/|$)`) }, args => absent(args.path));
    // ElectroDB only makes items and keys here; the table adapter asks DynamoDB.
    build.onResolve({ filter: /^@aws-sdk\/lib-dynamodb$/ }, args =>
      /[\\/]electrodb[\\/]/.test(args.importer) ? absent("electrodb's client") : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => { if (typeof name !== "string" || name === "__esModule" || name === "then" || name === "default") return undefined; throw new Error(${JSON.stringify(`${path} is not part of this function's bundle`)}); } });`,
      loader: "js",
    }));
  },
});
