"""A sandbox has ticks of its own now: what was done in one is ticked there."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forwards(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    Mark = apps.get_model("sandboxes", "Mark")
    rows = apps.get_model("curriculum", "LessonProgress").objects.exclude(sandbox=None)
    marks = [Mark(sandbox_id=row.sandbox_id, name=f"{row.lesson}/{row.step}") for row in rows.iterator()]
    Mark.objects.bulk_create(marks, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("curriculum", "0002_lessons_get_new_numbers"), ("sandboxes", "0002_rewinds")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
