"""What somebody has reached in a lesson, and with how few commands."""

from django.conf import settings
from django.db import models


class LessonBest(models.Model):
    """With how few commands somebody has completed a lesson."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_bests")
    lesson = models.SlugField(max_length=100)
    commands = models.PositiveIntegerField()

    class Meta:
        """One row a lesson."""

        constraints = [models.UniqueConstraint(fields=["user", "lesson"], name="one_best_a_lesson")]

    def __str__(self) -> str:
        """Return the lesson and the count."""
        return f"{self.lesson}: {self.commands}"


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
