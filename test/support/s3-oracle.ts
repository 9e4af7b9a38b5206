/**
 * What S3 itself does to one object key, written from its manual and sharing no code with `src/tracking`.
 *
 * Applies operations, knows the versions that are truly there, and emits the notifications S3 would send, with
 * sequencers that grow but are written in any width and case.
 */

export type Versioning = "off" | "enabled" | "suspended";

export type Operation =
  | { readonly type: "put" | "copy" | "multipart" | "delete" | "expire" | "tag" }
  /** Deletes the version at this place, counted from the newest; beyond the last there is nothing to do. */
  | { readonly type: "deleteVersion" | "expireVersion"; readonly nth: number }
  | { readonly type: "enable" | "suspend" };

export type OracleVersion = {
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly eTag: string;
  readonly size: number;
  readonly lastModified: string;
};

export type S3Record = {
  readonly eventVersion: string;
  readonly eventSource: "aws:s3";
  readonly awsRegion: string;
  readonly eventTime: string;
  readonly eventName: string;
  readonly s3: {
    readonly s3SchemaVersion: "1.0";
    readonly configurationId: string;
    readonly bucket: { readonly name: string; readonly arn: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly versionId?: string;
      readonly sequencer?: string;
    };
  };
};

export type Oracle = {
  apply(operation: Operation): void;
  /** Every notification so far, in the order of the sequencers. */
  readonly notifications: S3Record[];
  /** Versions and delete markers that are there, oldest first. */
  versions(): readonly OracleVersion[];
  /** What a GET would return. */
  current(): OracleVersion | undefined;
  /** The instant after the last operation, ISO. */
  now(): string;
};

/** `spell`: numbers that decide how far each sequencer leaps and how it is written; used in turn. */
export const s3Oracle = (setting: {
  readonly bucket: string;
  readonly key: string;
  readonly versioning: Versioning;
  readonly spell: readonly number[];
}): Oracle => {
  let versioning = setting.versioning;
  let stack: OracleVersion[] = [];
  let ticks = 0;
  let counter = 0xf0n;
  const notifications: S3Record[] = [];

  const spell = (): number => setting.spell[ticks % setting.spell.length] ?? 0;
  const instant = (): string => new Date(Date.UTC(2026, 0, 1) + ticks * 1000).toISOString();

  const nextSequencer = (): string => {
    counter += BigInt(1 + (spell() % 200)) ** BigInt(1 + (spell() % 3));
    const hex = counter.toString(16);
    const cased = spell() % 2 === 0 ? hex : hex.toUpperCase();
    return "0".repeat(spell() % 4) + cased;
  };

  const emit = (
    eventName: string,
    object: { size?: number; eTag?: string; versionId?: string },
    hasSequencer = true,
  ) => {
    const sequencer = nextSequencer();
    notifications.push({
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: "eu-central-1",
      eventTime: instant(),
      eventName,
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "all",
        bucket: { name: setting.bucket, arn: `arn:aws:s3:::${setting.bucket}` },
        object: {
          key: encodeURIComponent(setting.key).replaceAll("%20", "+").replaceAll("%2F", "/"),
          ...object,
          ...(hasSequencer ? { sequencer } : {}),
        },
      },
    });
  };

  const newVersionId = (): string => (versioning === "enabled" ? `v${ticks}.${spell()}` : "null");

  // Suspended or off: whatever is stored replaces the null version, be it an object or a marker.
  const push = (version: OracleVersion) => {
    if (version.versionId === "null") stack = stack.filter(({ versionId }) => versionId !== "null");
    stack.push(version);
  };

  const create = (eventName: string) => {
    const versionId = newVersionId();
    const version = {
      versionId,
      isMarker: false,
      eTag: `etag${ticks}`,
      size: ticks,
      lastModified: instant(),
    };
    push(version);
    emit(eventName, {
      size: version.size,
      eTag: version.eTag,
      ...(versioning === "enabled" ? { versionId } : {}),
    });
  };

  const remove = (family: string) => {
    if (versioning === "off") {
      if (stack.length === 0) return;
      stack = [];
      emit(`${family}:Delete`, {});
      return;
    }
    const versionId = newVersionId();
    push({ versionId, isMarker: true, eTag: "", size: 0, lastModified: instant() });
    const isNamed = versioning === "enabled" || spell() % 2 === 0;
    emit(`${family}:DeleteMarkerCreated`, {
      eTag: "d41d8cd98f00b204e9800998ecf8427e",
      ...(isNamed ? { versionId } : {}),
    });
  };

  const removeVersion = (family: string, nth: number) => {
    const victim = stack[stack.length - 1 - nth];
    if (victim === undefined) return;
    stack = stack.filter(version => version !== victim);
    emit(`${family}:Delete`, versioning === "off" ? {} : { versionId: victim.versionId });
  };

  return {
    notifications,
    apply: operation => {
      ticks += 1;
      switch (operation.type) {
        case "put":
          return create("ObjectCreated:Put");
        case "copy":
          return create("ObjectCreated:Copy");
        case "multipart":
          return create("ObjectCreated:CompleteMultipartUpload");
        case "delete":
          return remove("ObjectRemoved");
        case "expire":
          return remove("LifecycleExpiration");
        case "deleteVersion":
          return removeVersion("ObjectRemoved", operation.nth);
        case "expireVersion":
          return removeVersion("LifecycleExpiration", operation.nth);
        case "tag": {
          const top = stack.at(-1);
          if (top === undefined || top.isMarker) return;
          const versionId = top.versionId === "null" ? {} : { versionId: top.versionId };
          return emit("ObjectTagging:Put", { eTag: top.eTag, ...versionId }, false);
        }
        case "enable":
          versioning = "enabled";
          return;
        case "suspend":
          // Versioning that was never on cannot be suspended into anything else.
          if (versioning === "enabled") versioning = "suspended";
          return;
      }
    },
    versions: () => stack,
    current: () => {
      const top = stack.at(-1);
      return top === undefined || top.isMarker ? undefined : top;
    },
    now: () => new Date(Date.UTC(2026, 0, 1) + (ticks + 1) * 1000).toISOString(),
  };
};
