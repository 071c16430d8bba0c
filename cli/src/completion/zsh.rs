use super::{Node, function_name};
use crate::flags::Completes;

/// The function walks the words to the command it is in, then offers what that command takes.
pub(super) fn script(program: &str, nodes: &[Node]) -> String {
    let function = function_name(program);
    let mut subcommands = String::new();
    let mut flags = String::new();
    let mut values = String::new();
    for node in nodes {
        let entries = node.subcommands.iter().map(|command| entry(command.name, command.synopsis));
        let words = node.words.iter().map(|word| entry(word, ""));
        let entries: Vec<_> = entries.chain(words).collect();
        subcommands.push_str(&format!(
            "    '{}') offers=({}); files={} ;;\n",
            node.path,
            entries.join(" "),
            i32::from(node.files)
        ));
        let entries: Vec<_> = node
            .flags
            .iter()
            .map(|spec| {
                let about = spec.about.split(['.', ':']).next().unwrap_or_default();
                let name = if spec.stands_alone() { format!("-{}", spec.name) } else { format!("-{}=", spec.name) };
                entry(&name, about)
            })
            .collect();
        if !entries.is_empty() {
            flags.push_str(&format!("    '{}') offers=({}) ;;\n", node.path, entries.join(" ")));
        }
        for spec in &node.flags {
            let offer = match spec.completes {
                Completes::Words(words) => format!("offers=({})", words.join(" ")),
                Completes::Files => "files=1".to_owned(),
                Completes::Folders => "files=1".to_owned(),
                Completes::Nothing => continue,
            };
            values.push_str(&format!("    '{} -{}') {offer} ;;\n", node.path, spec.name));
        }
    }
    format!(
        r#"#compdef {program}
{function}_lookup() {{
  offers=() files=0
  case "$1" in
{subcommands}  esac
}}
{function}() {{
  local -a offers names
  local where= word flag files=0 i
  for ((i = 2; i < CURRENT; i++)); do
    word="${{words[i]}}"
    [[ "$word" == -* ]] && continue
    {function}_lookup "$where"
    names=("${{offers[@]%%:*}}")
    (( ${{names[(Ie)$word]}} )) && where="${{where:+$where }}$word"
  done
  word="${{words[CURRENT]}}"
  offers=() files=0
  if [[ "$word" == -*=* ]]; then
    flag="-${{${{word%%=*}}##-#}}"
    compset -P '*='
    case "$where $flag" in
{values}    esac
    (( files )) && _files
    (( ${{#offers}} )) && compadd -a offers
    return
  fi
  if [[ "$word" == -* ]]; then
    case "$where" in
{flags}    esac
    _describe -o flag offers -S ''
    return
  fi
  {function}_lookup "$where"
  (( ${{#offers}} )) && _describe command offers
  (( files )) && _files
}}
compdef {function} {program}
"#
    )
}

/// `'name:what it does'`, with a colon in the name escaped.
fn entry(name: &str, about: &str) -> String {
    let name = name.replace(':', "\\:");
    let text = if about.is_empty() { name } else { format!("{name}:{about}") };
    super::quoted(&text)
}
