"""Numbers for Prometheus. Its library is imported nowhere else."""

from transom_runtime.observe.metrics.counting import Metrics, MetricsOptions, clear_directory, forget_worker

__all__ = ["Metrics", "MetricsOptions", "clear_directory", "forget_worker"]
