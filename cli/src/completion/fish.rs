use super::{Node, function_name, quoted};
use crate::flags::Completes;

/// Conditions compare the words before the cursor, without flags, with each command's path.
pub(super) fn script(program: &str, nodes: &[Node]) -> String {
    let function = function_name(program);
    let mut out = format!(
        "function {function}\n    set -l words (commandline -opc)\n    set -l path\n    for word in $words[2..-1]\n        \
         string match -q -- '-*' $word; or set -a path $word\n    end\n    test \"$path\" = \"$argv\"\nend\n\
         function {function}_in\n    set -l words (commandline -opc)\n    set -l path\n    for word in $words[2..-1]\n        \
         string match -q -- '-*' $word; or set -a path $word\n    end\n    string match -q -- \"$argv*\" \"$path\"\nend\n\
         complete -c {program} -f\n"
    );
    for node in nodes {
        let at = quoted(format!("{function} {}", node.path).trim_end());
        for command in node.subcommands {
            out.push_str(&format!(
                "complete -c {program} -n {at} -a {} -d {}\n",
                command.name,
                quoted(command.synopsis)
            ));
        }
        if !node.words.is_empty() {
            out.push_str(&format!("complete -c {program} -n {at} -a {}\n", quoted(&node.words.join(" "))));
        }
        let inside = quoted(&format!("{function}_in {}", node.path));
        if node.files {
            out.push_str(&format!("complete -c {program} -n {inside} -F\n"));
        }
        for spec in &node.flags {
            let value = match spec.completes {
                _ if spec.stands_alone() => String::new(),
                Completes::Words(words) => format!(" -x -a {}", quoted(&words.join(" "))),
                Completes::Files | Completes::Folders => " -r -F".to_owned(),
                Completes::Nothing => " -x".to_owned(),
            };
            let about = spec.about.split(['.', ':']).next().unwrap_or_default();
            out.push_str(&format!("complete -c {program} -n {inside} -o {}{value} -d {}\n", spec.name, quoted(about)));
        }
    }
    out
}
