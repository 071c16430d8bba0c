//! What a browser gets: there is no web page yet, and it says so.

/// Shown at `/ui/`.
pub(crate) const NOT_BUILT: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>coffer</title></head>
<body>
<h1>coffer has no web page yet</h1>
<p>This server answers the API below <code>/v1/</code>. Use the <code>coffer</code>, <code>vault</code> or <code>bao</code>
command, for instance <code>coffer status</code>.</p>
</body>
</html>
";
