//! What a step runs on: image, size, time, runner, clone.

use super::shape::{
    BOOLEAN, Key, Object, ObjectId, STRING, STRING_OR_NUMBER, STRINGS, Shape, integer_from, integer_up_to_doubtful,
    list, string_enum, string_up_to,
};

/// A Docker image in any of its forms.
pub(super) static IMAGE: Shape =
    Shape::OneOf("an image name, or a mapping with `name`", &[&STRING, &Shape::Object(&IMAGE_MAP)]);

static IMAGE_MAP: Object = Object {
    id: ObjectId::Image,
    name: "an image",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "name of the image, with registry, tag or digest as needed").required(),
        Key::new("username", &STRING, "user name for a private registry; requires `password`"),
        Key::new("password", &STRING, "password for a private registry; requires `username`"),
        Key::new("email", &STRING, "email address of the user, for old registries").doubt("only in old documentation"),
        Key::new("run-as-user", &integer_from(0), "user ID that the commands run as"),
        Key::new("aws", &Shape::Object(&IMAGE_AWS), "access to an image in Amazon ECR"),
    ],
};

static IMAGE_AWS: Object = Object {
    id: ObjectId::ImageAws,
    name: "an image `aws`",
    additional_properties: true,
    keys: &[
        Key::new("oidc-role", &STRING, "AWS role that pulls the image; requires `oidc: true` on the step"),
        Key::new("access-key", &STRING, "stored access key; requires `secret-key`"),
        Key::new("secret-key", &STRING, "stored secret key; requires `access-key`"),
    ],
};

/// The sizes that Bitbucket Cloud offers.
pub(super) static SIZE: Shape = string_enum(&["1x", "2x", "4x", "8x", "16x", "24x", "32x"]);

/// Minutes. The maximum of 720 is documented, but not in the schema.
pub(super) static MAX_TIME: Shape = integer_up_to_doubtful(1, 720);

/// One or more labels of a self-hosted runner.
pub(super) static RUNS_ON: Shape = Shape::OneOf("a label or a list of labels", &[&LABEL, &list(&LABEL, 1, 10)]);

static LABEL: Shape = string_up_to(50);

/// How to clone.
pub(super) static CLONE: Shape = Shape::Object(&CLONE_MAP);

static CLONE_MAP: Object = Object {
    id: ObjectId::Clone,
    name: "`clone`",
    additional_properties: true,
    keys: &[
        Key::new("enabled", &BOOLEAN, "whether to clone the repository"),
        Key::new(
            "depth",
            &Shape::OneOf("a whole number of at least 1, or `full`", &[&DEPTH, &FULL]),
            "number of commits to clone; 50 if not set",
        ),
        Key::new("lfs", &BOOLEAN, "whether to download Git LFS files"),
        Key::new("skip-ssl-verify", &BOOLEAN, "whether a self-hosted runner accepts any TLS certificate"),
    ],
};

static DEPTH: Shape = integer_from(1);
static FULL: Shape = string_enum(&["full"]);

/// The machine.
pub(super) static RUNTIME: Shape = Shape::Object(&RUNTIME_MAP);

static RUNTIME_MAP: Object = Object {
    id: ObjectId::Runtime,
    name: "`runtime`",
    additional_properties: true,
    keys: &[
        Key::new("cloud", &Shape::Object(&CLOUD), "execution environment in Bitbucket's cloud"),
        Key::new("self-hosted", &Shape::Object(&SELF_HOSTED), "execution environment on a self-hosted runner"),
    ],
};

static CLOUD: Object = Object {
    id: ObjectId::RuntimeCloud,
    name: "`runtime.cloud`",
    additional_properties: true,
    keys: &[
        Key::new("version", &STRING_OR_NUMBER, "version of the runtime, such as `3`"),
        Key::new("arch", &string_enum(&["x86", "arm"]), "processor architecture"),
        Key::new("platform", &string_enum(&["linux", "windows"]), "operating system"),
        Key::new(
            "atlassian-ip-ranges",
            &BOOLEAN,
            "whether requests come from Atlassian's published IP addresses; requires a larger size",
        ),
        Key::new("instance-type", &STRING, "machine type"),
    ],
};

static SELF_HOSTED: Object = Object {
    id: ObjectId::RuntimeSelfHosted,
    name: "`runtime.self-hosted`",
    additional_properties: true,
    keys: &[
        Key::new("cpu", &integer_from(0), "CPU limit of the step"),
        Key::new("memory", &integer_from(0), "memory limit of the step in megabytes"),
        Key::new("storage", &STORAGE, "where artifacts and caches are stored"),
        Key::new("volumes", &STRINGS, "volumes mounted into the build container"),
    ],
};

static STORAGE: Shape =
    Shape::OneOf("a mapping with `aws` or `gcp`", &[&Shape::Object(&STORAGE_IN_S3), &Shape::Object(&STORAGE_IN_GCS)]);

static STORAGE_IN_S3: Object = Object {
    id: ObjectId::StorageInS3,
    name: "`storage`",
    additional_properties: true,
    keys: &[Key::new("aws", &Shape::Object(&STORAGE_AWS), "an S3 bucket").required()],
};

static STORAGE_IN_GCS: Object = Object {
    id: ObjectId::StorageInGcs,
    name: "`storage`",
    additional_properties: true,
    keys: &[Key::new("gcp", &Shape::Object(&STORAGE_GCP), "a Google Cloud Storage bucket").required()],
};

static STORAGE_AWS: Object = Object {
    id: ObjectId::StorageAws,
    name: "`storage.aws`",
    additional_properties: true,
    keys: &[
        Key::new("bucket", &STRING, "name of the bucket").required(),
        Key::new("region", &STRING, "region of the bucket").required(),
        Key::new("oidc-role", &STRING, "AWS role that reads and writes the bucket"),
        Key::new("access-key", &STRING, "stored access key; requires `secret-key`"),
        Key::new("secret-key", &STRING, "stored secret key; requires `access-key`"),
    ],
};

static STORAGE_GCP: Object = Object {
    id: ObjectId::StorageGcp,
    name: "`storage.gcp`",
    additional_properties: true,
    keys: &[
        Key::new("bucket", &STRING, "name of the bucket").required(),
        Key::new("key-file", &STRING, "key file, encoded in Base64").required(),
    ],
};
