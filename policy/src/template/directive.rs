/// What a template asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive<'a> {
    EntityId,
    EntityName,
    EntityMetadata {
        key: &'a str,
    },
    /// The alias of the entity on the mount with this accessor; so for the next three.
    AliasId {
        accessor: &'a str,
    },
    AliasName {
        accessor: &'a str,
    },
    AliasMetadata {
        accessor: &'a str,
        key: &'a str,
    },
    AliasCustomMetadata {
        accessor: &'a str,
        key: &'a str,
    },
    /// A field of a group that the entity is a member of.
    GroupById {
        id: &'a str,
        field: GroupField<'a>,
    },
    GroupByName {
        name: &'a str,
        field: GroupField<'a>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupField<'a> {
    Id,
    Name,
    Metadata { key: &'a str },
}

impl<'a> Directive<'a> {
    /// Reads the inside of `{{ }}`. None if there is no such directive.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.trim().strip_prefix("identity.")?;
        if let Some(entity) = rest.strip_prefix("entity.") {
            Self::parse_entity(entity)
        } else {
            Self::parse_group(rest.strip_prefix("groups.")?)
        }
    }

    fn parse_entity(text: &'a str) -> Option<Self> {
        match text {
            "id" => return Some(Self::EntityId),
            "name" => return Some(Self::EntityName),
            _ => {}
        }
        if let Some(key) = text.strip_prefix("metadata.") {
            return Some(Self::EntityMetadata { key });
        }
        let (accessor, field) = text.strip_prefix("aliases.")?.split_once('.')?;
        match field {
            "id" => Some(Self::AliasId { accessor }),
            "name" => Some(Self::AliasName { accessor }),
            _ => match field.split_once('.')? {
                ("metadata", key) => Some(Self::AliasMetadata { accessor, key }),
                ("custom_metadata", key) => Some(Self::AliasCustomMetadata { accessor, key }),
                _ => None,
            },
        }
    }

    fn parse_group(text: &'a str) -> Option<Self> {
        let (by, rest) = text.split_once('.')?;
        let (group, field) = rest.split_once('.')?;
        let field = match field {
            "id" => GroupField::Id,
            "name" => GroupField::Name,
            _ => GroupField::Metadata { key: field.strip_prefix("metadata.")? },
        };
        match by {
            "ids" => Some(Self::GroupById { id: group, field }),
            "names" => Some(Self::GroupByName { name: group, field }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read() {
        let cases = [
            ("identity.entity.id", Directive::EntityId),
            (" identity.entity.name ", Directive::EntityName),
            ("identity.entity.metadata.a.b", Directive::EntityMetadata { key: "a.b" }),
            ("identity.entity.aliases.acc_1.name", Directive::AliasName { accessor: "acc_1" }),
            (
                "identity.entity.aliases.acc_1.metadata.team",
                Directive::AliasMetadata { accessor: "acc_1", key: "team" },
            ),
            ("identity.groups.ids.g1.name", Directive::GroupById { id: "g1", field: GroupField::Name }),
            (
                "identity.groups.names.ops.metadata.x",
                Directive::GroupByName { name: "ops", field: GroupField::Metadata { key: "x" } },
            ),
        ];
        for (text, directive) in cases {
            assert_eq!(Directive::parse(text), Some(directive), "{text}");
        }
    }

    #[test]
    fn what_is_no_directive_is_nothing() {
        for text in ["", "x", "identity.entity", "identity.entity.aliases.a", "identity.groups.ids.g", "time.now"] {
            assert_eq!(Directive::parse(text), None, "{text}");
        }
    }
}
