"""The expected faults of the sandbox."""

from tim_policy.errors import TimError


class SandboxError(TimError):
    """Base of everything that keeps the sandbox from starting or running."""


class PortTaken(SandboxError):
    """Another process listens on a port of the sandbox."""


class DirectoryInUse(SandboxError):
    """Another sandbox runs in the same directory, or the directory belongs to something else."""


class NoSandbox(SandboxError):
    """The directory holds no readable state of a sandbox."""


class MissingProgram(SandboxError):
    """A program of the operating system that the sandbox needs is not installed."""


class PartFailed(SandboxError):
    """A child process ended by itself or did not become ready."""


class RequestRefused(SandboxError):
    """A homeserver or the stand-in VZD refused a request of the sandbox."""
