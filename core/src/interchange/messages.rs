//! Entities as Vault and OpenBao store them: protobuf messages packed into buckets.

use std::collections::BTreeMap;

use prost::Message;

use crate::identity::{Entity, EntityAlias};
use crate::{Failure, Timestamp};

/// What an entity is in an [`Any`].
pub(super) const ENTITY_TYPE: &str = "type.googleapis.com/identity.Entity";

/// A record of many.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Bucket {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) items: Vec<Item>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(super) item_map: BTreeMap<String, Any>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Item {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) message: Option<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PackedEntity {
    #[prost(message, repeated, tag = "1")]
    aliases: Vec<PackedAlias>,
    #[prost(string, tag = "2")]
    id: String,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(btree_map = "string, string", tag = "4")]
    metadata: BTreeMap<String, String>,
    #[prost(message, optional, tag = "5")]
    creation_time: Option<Time>,
    #[prost(message, optional, tag = "6")]
    last_update_time: Option<Time>,
    #[prost(string, repeated, tag = "8")]
    policies: Vec<String>,
    #[prost(string, tag = "9")]
    bucket_key: String,
    #[prost(bool, tag = "11")]
    disabled: bool,
    #[prost(string, tag = "12")]
    namespace_id: String,
}

/// Aliases of mounts that are local, beside the entity that has them.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LocalAliases {
    #[prost(message, repeated, tag = "1")]
    pub(super) aliases: Vec<PackedAlias>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PackedAlias {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    canonical_id: String,
    #[prost(string, tag = "3")]
    mount_type: String,
    #[prost(string, tag = "4")]
    mount_accessor: String,
    #[prost(string, tag = "5")]
    mount_path: String,
    #[prost(btree_map = "string, string", tag = "6")]
    metadata: BTreeMap<String, String>,
    #[prost(string, tag = "7")]
    name: String,
    #[prost(message, optional, tag = "8")]
    creation_time: Option<Time>,
    #[prost(message, optional, tag = "9")]
    last_update_time: Option<Time>,
    #[prost(string, tag = "11")]
    namespace_id: String,
    #[prost(string, tag = "14")]
    local_bucket_key: String,
}

impl Bucket {
    /// Ids and messages, of either layout.
    pub(super) fn entries(self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let listed = self.items.into_iter().filter_map(|item| Some((item.id, item.message?.value)));
        listed.chain(self.item_map.into_iter().map(|(id, any)| (id, any.value)))
    }
}

impl PackedEntity {
    pub(super) fn of(entity: &Entity, bucket_key: &str) -> Self {
        Self {
            aliases: entity.aliases.iter().map(|alias| PackedAlias::of(alias, &entity.id)).collect(),
            id: entity.id.clone(),
            name: entity.name.clone(),
            metadata: entity.metadata.clone(),
            creation_time: Some(entity.creation_time.into()),
            last_update_time: Some(entity.last_update_time.into()),
            policies: entity.policies.clone(),
            bucket_key: bucket_key.to_owned(),
            disabled: entity.disabled,
            namespace_id: "root".to_owned(),
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Entity, Failure> {
        let packed = Self::decode(bytes).map_err(|_| Failure::internal("a packed entity is damaged"))?;
        Ok(Entity {
            id: packed.id,
            name: packed.name,
            metadata: packed.metadata,
            policies: packed.policies,
            disabled: packed.disabled,
            creation_time: moment(packed.creation_time),
            last_update_time: moment(packed.last_update_time),
            aliases: packed.aliases.into_iter().map(EntityAlias::from).collect(),
        })
    }
}

impl PackedAlias {
    fn of(alias: &EntityAlias, entity_id: &str) -> Self {
        Self {
            id: alias.id.clone(),
            canonical_id: entity_id.to_owned(),
            mount_type: alias.mount_type.clone(),
            mount_accessor: alias.mount_accessor.clone(),
            mount_path: alias.mount_path.clone(),
            metadata: alias.metadata.clone(),
            name: alias.name.clone(),
            creation_time: Some(alias.creation_time.into()),
            last_update_time: Some(alias.last_update_time.into()),
            namespace_id: "root".to_owned(),
            local_bucket_key: String::new(),
        }
    }
}

impl From<PackedAlias> for EntityAlias {
    fn from(packed: PackedAlias) -> Self {
        Self {
            id: packed.id,
            mount_accessor: packed.mount_accessor,
            mount_type: packed.mount_type,
            mount_path: packed.mount_path,
            name: packed.name,
            metadata: packed.metadata,
            creation_time: moment(packed.creation_time),
            last_update_time: moment(packed.last_update_time),
        }
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        let nanos = at.unix_nanos();
        Self {
            seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(0),
            nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0),
        }
    }
}

fn moment(time: Option<Time>) -> Timestamp {
    let nanos = time.map_or(0, |time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos));
    Timestamp::from_unix_nanos(nanos).unwrap_or(Timestamp::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_entity_survives_packing() {
        let at = Timestamp::parse("2026-11-23T23:55:36.191234567Z").unwrap();
        let alias = EntityAlias {
            id: "i".into(),
            mount_accessor: "auth_userpass_1".into(),
            mount_type: "userpass".into(),
            mount_path: "auth/userpass/".into(),
            name: "u".into(),
            metadata: BTreeMap::from([("a".into(), "b".into())]),
            creation_time: at,
            last_update_time: at,
        };
        let entity = Entity {
            id: "e".into(),
            name: "entity_1".into(),
            metadata: BTreeMap::new(),
            policies: vec!["p".into()],
            disabled: true,
            creation_time: at,
            last_update_time: at,
            aliases: vec![alias],
        };
        let packed = PackedEntity::of(&entity, "packer/buckets/1").encode_to_vec();
        assert_eq!(PackedEntity::read(&packed).unwrap(), entity);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PackedEntity::read(&bytes);
            let _ = Bucket::decode(bytes.as_slice());
        }
    }
}
