"""What somebody has reached in a lesson."""

from django.conf import settings
from django.db import models


class LessonProgress(models.Model):
    """A step that somebody has fulfilled. Once there it stays, whatever becomes of the cluster."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_progress")
    lesson = models.SlugField(max_length=100)
    step = models.SlugField(max_length=100)
    done_at = models.DateTimeField(auto_now_add=True)
    sandbox = models.ForeignKey("sandboxes.Sandbox", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        """One row a step."""

        constraints = [models.UniqueConstraint(fields=["user", "lesson", "step"], name="one_row_a_step_done")]
        indexes = [models.Index(fields=["user", "lesson"])]

    def __str__(self) -> str:
        """Return lesson and step."""
        return f"{self.lesson}/{self.step}"
