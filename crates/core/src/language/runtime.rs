//! What a step runs on: image, size, time, runner, clone.

use super::shape::{
    BOOLEAN, Key, Object, ObjectId, SOME_TEXTS, Shape, TEXT, TEXT_OR_NUMBER, integer_from, integer_or_so, list,
    short_text, words,
};

/// A Docker image in any of its forms.
pub(super) static IMAGE: Shape =
    Shape::Either("an image name or a map with `name`", &[&TEXT, &Shape::Object(&IMAGE_MAP)]);

static IMAGE_MAP: Object = Object {
    id: ObjectId::Image,
    name: "an image",
    closed: false,
    keys: &[
        Key::new("name", &TEXT, "the image, with registry, tag or digest as needed").required(),
        Key::new("username", &TEXT, "the user for a private registry; needs `password`"),
        Key::new("password", &TEXT, "the password for a private registry; needs `username`"),
        Key::new("email", &TEXT, "the user's e-mail address, which older registries wanted")
            .doubt("in older documentation only"),
        Key::new("run-as-user", &integer_from(0), "the UID that commands run as"),
        Key::new("aws", &Shape::Object(&IMAGE_AWS), "access to an image in Amazon ECR"),
    ],
};

static IMAGE_AWS: Object = Object {
    id: ObjectId::ImageAws,
    name: "an image's `aws`",
    closed: false,
    keys: &[
        Key::new("oidc-role", &TEXT, "the role that pulls the image; the step needs `oidc: true`"),
        Key::new("access-key", &TEXT, "a stored access key; needs `secret-key`"),
        Key::new("secret-key", &TEXT, "a stored secret key; needs `access-key`"),
    ],
};

/// The sizes that Bitbucket Cloud offers.
pub(super) static SIZE: Shape = words(&["1x", "2x", "4x", "8x", "16x", "24x", "32x"]);

/// Minutes. 720 is the documented end; the schema sets none.
pub(super) static MAX_TIME: Shape = integer_or_so(1, 720);

/// A runner's label or labels.
pub(super) static RUNS_ON: Shape = Shape::Either("a label or a list of labels", &[&LABEL, &list(&LABEL, 1, 10)]);

static LABEL: Shape = short_text(50);

/// How to clone.
pub(super) static CLONE: Shape = Shape::Object(&CLONE_MAP);

static CLONE_MAP: Object = Object {
    id: ObjectId::Clone,
    name: "`clone`",
    closed: false,
    keys: &[
        Key::new("enabled", &BOOLEAN, "whether the repository is cloned at all"),
        Key::new(
            "depth",
            &Shape::Either("a whole number from 1 up, or `full`", &[&DEPTH, &FULL]),
            "how many commits are cloned; 50 if unset",
        ),
        Key::new("lfs", &BOOLEAN, "whether files in Git LFS are fetched"),
        Key::new("skip-ssl-verify", &BOOLEAN, "whether a runner accepts any certificate"),
    ],
};

static DEPTH: Shape = integer_from(1);
static FULL: Shape = words(&["full"]);

/// The machine.
pub(super) static RUNTIME: Shape = Shape::Object(&RUNTIME_MAP);

static RUNTIME_MAP: Object = Object {
    id: ObjectId::Runtime,
    name: "`runtime`",
    closed: false,
    keys: &[
        Key::new("cloud", &Shape::Object(&CLOUD), "a machine of Bitbucket's"),
        Key::new("self-hosted", &Shape::Object(&SELF_HOSTED), "a runner of one's own"),
    ],
};

static CLOUD: Object = Object {
    id: ObjectId::RuntimeCloud,
    name: "`runtime.cloud`",
    closed: false,
    keys: &[
        Key::new("version", &TEXT_OR_NUMBER, "the version of the runtime, such as `3`"),
        Key::new("arch", &words(&["x86", "arm"]), "the processor"),
        Key::new("platform", &words(&["linux", "windows"]), "the operating system"),
        Key::new(
            "atlassian-ip-ranges",
            &BOOLEAN,
            "whether traffic leaves from Atlassian's published addresses; needs a larger size",
        ),
        Key::new("instance-type", &TEXT, "the kind of machine"),
    ],
};

static SELF_HOSTED: Object = Object {
    id: ObjectId::RuntimeSelfHosted,
    name: "`runtime.self-hosted`",
    closed: false,
    keys: &[
        Key::new("cpu", &integer_from(0), "CPU for the step"),
        Key::new("memory", &integer_from(0), "memory for the step in megabytes"),
        Key::new("storage", &STORAGE, "where artifacts and caches are kept"),
        Key::new("volumes", &SOME_TEXTS, "volumes mounted into the build container"),
    ],
};

static STORAGE: Shape =
    Shape::Either("a map with `aws` or `gcp`", &[&Shape::Object(&STORAGE_IN_S3), &Shape::Object(&STORAGE_IN_GCS)]);

static STORAGE_IN_S3: Object = Object {
    id: ObjectId::StorageInS3,
    name: "`storage`",
    closed: false,
    keys: &[Key::new("aws", &Shape::Object(&STORAGE_AWS), "an S3 bucket").required()],
};

static STORAGE_IN_GCS: Object = Object {
    id: ObjectId::StorageInGcs,
    name: "`storage`",
    closed: false,
    keys: &[Key::new("gcp", &Shape::Object(&STORAGE_GCP), "a Google Cloud Storage bucket").required()],
};

static STORAGE_AWS: Object = Object {
    id: ObjectId::StorageAws,
    name: "`storage.aws`",
    closed: false,
    keys: &[
        Key::new("bucket", &TEXT, "the bucket").required(),
        Key::new("region", &TEXT, "its region").required(),
        Key::new("oidc-role", &TEXT, "the role that reads and writes it"),
        Key::new("access-key", &TEXT, "a stored access key; needs `secret-key`"),
        Key::new("secret-key", &TEXT, "a stored secret key; needs `access-key`"),
    ],
};

static STORAGE_GCP: Object = Object {
    id: ObjectId::StorageGcp,
    name: "`storage.gcp`",
    closed: false,
    keys: &[
        Key::new("bucket", &TEXT, "the bucket").required(),
        Key::new("key-file", &TEXT, "the key file, encoded in Base64").required(),
    ],
};
