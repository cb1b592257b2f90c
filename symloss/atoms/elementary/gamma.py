"""log gamma and its derivatives."""

from symloss.atoms.elementary.template import Template

TEMPLATES: tuple[Template, ...] = ()
