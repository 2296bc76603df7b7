"""The report of `qanat diff`, as blocks that are written as text, Markdown and SVG."""
