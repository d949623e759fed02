"""Everything that makes or reads a path of a working file.

Pure values throughout: nothing here looks at a disk, :func:`resolve_inside` excepted, and
everything works the same on every operating system.
"""

from wf_core.paths.collisions import Clash, PathIndex, check_names, kinds_apart
from wf_core.paths.mounts import LocalPath, MountPoint, Mounts, ServerPath, this_system
from wf_core.paths.naming import (
    MAX_NAME,
    MAX_SERVER_PATH,
    RevisionPath,
    check_extension,
    check_name,
    check_revision,
    provisional_name,
    revision_path,
    split_file_name,
)
from wf_core.paths.parse import ParsedPath, parse_path, read_path
from wf_core.paths.productions import production_folders
from wf_core.paths.safety import (
    MAX_COMPONENT_BYTES,
    System,
    check_component,
    check_local_length,
    check_relative,
    is_reserved_on_windows,
    resolve_inside,
)
from wf_core.paths.slugs import fold, slug
from wf_core.paths.tree import Tree, kind_of, render_file_name, render_folder

__all__ = [
    "MAX_COMPONENT_BYTES",
    "MAX_NAME",
    "MAX_SERVER_PATH",
    "Clash",
    "LocalPath",
    "MountPoint",
    "Mounts",
    "ParsedPath",
    "PathIndex",
    "RevisionPath",
    "ServerPath",
    "System",
    "Tree",
    "check_component",
    "check_extension",
    "check_local_length",
    "check_name",
    "check_names",
    "check_relative",
    "check_revision",
    "fold",
    "is_reserved_on_windows",
    "kind_of",
    "kinds_apart",
    "parse_path",
    "production_folders",
    "provisional_name",
    "read_path",
    "render_file_name",
    "render_folder",
    "resolve_inside",
    "revision_path",
    "slug",
    "split_file_name",
    "this_system",
]
