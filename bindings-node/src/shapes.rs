//! How records, enumerations and objects of core are told to the conversions. What is generated consists of these.
//!
//! Shapes are counted from `FIRST_SHAPE` of the file, so that a new one elsewhere changes nothing here.

/// A record: its shape, its type, its fields in order, and the values of those that may be left out.
macro_rules! record {
    ($shape:literal, $record:ty { $($field:ident $(= $default:expr)?),* $(,)? }) => {
        impl $crate::convert::Element for $record {}
        impl $crate::convert::ToJs for $record {
            const SHAPE: usize = FIRST_SHAPE + $shape;
            // Its first field may be an option.
            const FIRST_TELLS: bool = false;

            fn give(
                self,
                js: &$crate::runtime::Js,
                values: &mut Vec<$crate::runtime::Value>,
            ) -> $crate::failure::Result<()> {
                $($crate::convert::ToJs::give(self.$field, js, values)?;)*
                Ok(())
            }
        }
        impl $crate::convert::FromJs for $record {
            fn from_js(
                js: &$crate::runtime::Js,
                value: $crate::runtime::Value,
            ) -> $crate::failure::Result<Self> {
                let fields = js.open(FIRST_SHAPE + $shape, value)?;
                Ok(Self { $($field: field!(fields, $field $(= $default)?)),* })
            }
        }
    };
}

/// The next field of an opened object.
macro_rules! field {
    ($fields:ident, $field:ident) => {
        $fields.read(stringify!($field))?
    };
    ($fields:ident, $field:ident = $default:expr) => {
        match $fields.read(stringify!($field))? {
            Some(value) => value,
            None => $default,
        }
    };
}

/// An enumeration of texts.
macro_rules! closed_enum {
    ($name:ty { $($variant:ident $wire:literal),* $(,)? }) => {
        impl $crate::convert::Element for $name {}
        impl $crate::convert::ToJs for $name {
            fn to_js(self, js: &$crate::runtime::Js) -> $crate::failure::Result<$crate::runtime::Value> {
                js.string(match self { $(Self::$variant => $wire),* })
            }
        }
        impl $crate::convert::FromJs for $name {
            fn from_js(
                js: &$crate::runtime::Js,
                value: $crate::runtime::Value,
            ) -> $crate::failure::Result<Self> {
                const VALUES: &[$name] = &[$(<$name>::$variant),*];
                let place = $crate::convert::one_of(js, &[$($wire),*], value)?;
                Ok(VALUES[place].clone())
            }
        }
    };
}

/// An enumeration that its gateway may extend; core knows the texts.
macro_rules! open_enum {
    ($name:ty) => {
        impl $crate::convert::Element for $name {}
        impl $crate::convert::ToJs for $name {
            fn to_js(self, js: &$crate::runtime::Js) -> $crate::failure::Result<$crate::runtime::Value> {
                js.string(self.as_str())
            }
        }
        impl $crate::convert::FromJs for $name {
            fn from_js(
                js: &$crate::runtime::Js,
                value: $crate::runtime::Value,
            ) -> $crate::failure::Result<Self> {
                js.read_string(value).map(|text| Self::from_wire(&text))
            }
        }
    };
}

/// An enumeration whose variants have fields: a variant's place goes before its fields, both ways.
macro_rules! data_enum {
    ($shape:literal, $name:ty { $($place:literal $variant:ident { $($field:ident $(= $default:expr)?),* $(,)? }),* $(,)? }) => {
        impl $crate::convert::Element for $name {}
        impl $crate::convert::ToJs for $name {
            const SHAPE: usize = FIRST_SHAPE + $shape;

            fn give(
                self,
                js: &$crate::runtime::Js,
                values: &mut Vec<$crate::runtime::Value>,
            ) -> $crate::failure::Result<()> {
                match self {$(
                    Self::$variant { $($field),* } => {
                        values.push(js.small_number($place)?);
                        $($crate::convert::ToJs::give($field, js, values)?;)*
                    }
                )*}
                Ok(())
            }
        }
        impl $crate::convert::FromJs for $name {
            fn from_js(
                js: &$crate::runtime::Js,
                value: $crate::runtime::Value,
            ) -> $crate::failure::Result<Self> {
                let fields = js.open(FIRST_SHAPE + $shape, value)?;
                match fields.read::<u32>("type")? {
                    $($place => Ok(Self::$variant { $($field: field!(fields, $field $(= $default)?)),* }),)*
                    _ => Err($crate::failure::Failure::argument("an unknown type")),
                }
            }
        }
    };
}

/// A long-lived thing, whose class holds a handle to it.
macro_rules! object {
    ($shape:literal, $name:ty) => {
        impl $crate::convert::Element for ::std::sync::Arc<$name> {}
        impl $crate::convert::ToJs for ::std::sync::Arc<$name> {
            const SHAPE: usize = FIRST_SHAPE + $shape;

            fn give(
                self,
                js: &$crate::runtime::Js,
                values: &mut Vec<$crate::runtime::Value>,
            ) -> $crate::failure::Result<()> {
                values.push(js.handle(self)?);
                Ok(())
            }
        }
        impl $crate::convert::FromJs for ::std::sync::Arc<$name> {
            fn from_js(
                js: &$crate::runtime::Js,
                value: $crate::runtime::Value,
            ) -> $crate::failure::Result<Self> {
                $crate::convert::object_from_js(js, FIRST_SHAPE + $shape, value)
            }
        }
    };
}
