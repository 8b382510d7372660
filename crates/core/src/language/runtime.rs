//! What a step runs on: image, size, time, runner, clone.

use super::shape::{
    BOOLEAN, Key, Object, ObjectId, STRING, STRING_OR_NUMBER, STRINGS, Shape, integer_from, integer_up_to_doubtful,
    list, string_enum, string_up_to,
};

/// A Docker image in any of its forms.
pub(super) static IMAGE: Shape =
    Shape::OneOf("an image name or a map with `name`", &[&STRING, &Shape::Object(&IMAGE_MAP)]);

static IMAGE_MAP: Object = Object {
    id: ObjectId::Image,
    name: "an image",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "the image, with registry, tag or digest as needed").required(),
        Key::new("username", &STRING, "the user for a private registry; needs `password`"),
        Key::new("password", &STRING, "the password for a private registry; needs `username`"),
        Key::new("email", &STRING, "the user's e-mail address, which older registries wanted")
            .doubt("in older documentation only"),
        Key::new("run-as-user", &integer_from(0), "the UID that commands run as"),
        Key::new("aws", &Shape::Object(&IMAGE_AWS), "access to an image in Amazon ECR"),
    ],
};

static IMAGE_AWS: Object = Object {
    id: ObjectId::ImageAws,
    name: "an image's `aws`",
    additional_properties: true,
    keys: &[
        Key::new("oidc-role", &STRING, "the role that pulls the image; the step needs `oidc: true`"),
        Key::new("access-key", &STRING, "a stored access key; needs `secret-key`"),
        Key::new("secret-key", &STRING, "a stored secret key; needs `access-key`"),
    ],
};

/// The sizes that Bitbucket Cloud offers.
pub(super) static SIZE: Shape = string_enum(&["1x", "2x", "4x", "8x", "16x", "24x", "32x"]);

/// Minutes. 720 is the documented end; the schema sets none.
pub(super) static MAX_TIME: Shape = integer_up_to_doubtful(1, 720);

/// A runner's label or labels.
pub(super) static RUNS_ON: Shape = Shape::OneOf("a label or a list of labels", &[&LABEL, &list(&LABEL, 1, 10)]);

static LABEL: Shape = string_up_to(50);

/// How to clone.
pub(super) static CLONE: Shape = Shape::Object(&CLONE_MAP);

static CLONE_MAP: Object = Object {
    id: ObjectId::Clone,
    name: "`clone`",
    additional_properties: true,
    keys: &[
        Key::new("enabled", &BOOLEAN, "whether the repository is cloned at all"),
        Key::new(
            "depth",
            &Shape::OneOf("a whole number from 1 up, or `full`", &[&DEPTH, &FULL]),
            "how many commits are cloned; 50 if unset",
        ),
        Key::new("lfs", &BOOLEAN, "whether files in Git LFS are fetched"),
        Key::new("skip-ssl-verify", &BOOLEAN, "whether a runner accepts any certificate"),
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
        Key::new("cloud", &Shape::Object(&CLOUD), "a machine of Bitbucket's"),
        Key::new("self-hosted", &Shape::Object(&SELF_HOSTED), "a runner of one's own"),
    ],
};

static CLOUD: Object = Object {
    id: ObjectId::RuntimeCloud,
    name: "`runtime.cloud`",
    additional_properties: true,
    keys: &[
        Key::new("version", &STRING_OR_NUMBER, "the version of the runtime, such as `3`"),
        Key::new("arch", &string_enum(&["x86", "arm"]), "the processor"),
        Key::new("platform", &string_enum(&["linux", "windows"]), "the operating system"),
        Key::new(
            "atlassian-ip-ranges",
            &BOOLEAN,
            "whether traffic leaves from Atlassian's published addresses; needs a larger size",
        ),
        Key::new("instance-type", &STRING, "the kind of machine"),
    ],
};

static SELF_HOSTED: Object = Object {
    id: ObjectId::RuntimeSelfHosted,
    name: "`runtime.self-hosted`",
    additional_properties: true,
    keys: &[
        Key::new("cpu", &integer_from(0), "CPU for the step"),
        Key::new("memory", &integer_from(0), "memory for the step in megabytes"),
        Key::new("storage", &STORAGE, "where artifacts and caches are kept"),
        Key::new("volumes", &STRINGS, "volumes mounted into the build container"),
    ],
};

static STORAGE: Shape =
    Shape::OneOf("a map with `aws` or `gcp`", &[&Shape::Object(&STORAGE_IN_S3), &Shape::Object(&STORAGE_IN_GCS)]);

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
        Key::new("bucket", &STRING, "the bucket").required(),
        Key::new("region", &STRING, "its region").required(),
        Key::new("oidc-role", &STRING, "the role that reads and writes it"),
        Key::new("access-key", &STRING, "a stored access key; needs `secret-key`"),
        Key::new("secret-key", &STRING, "a stored secret key; needs `access-key`"),
    ],
};

static STORAGE_GCP: Object = Object {
    id: ObjectId::StorageGcp,
    name: "`storage.gcp`",
    additional_properties: true,
    keys: &[
        Key::new("bucket", &STRING, "the bucket").required(),
        Key::new("key-file", &STRING, "the key file, encoded in Base64").required(),
    ],
};
