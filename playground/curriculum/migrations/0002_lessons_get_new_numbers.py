"""Two lessons moved to other places in the course: what somebody has reached in them moves along."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MOVED = {"04-deployment": "05-deployment", "10-statefulset": "11-statefulset"}


def move(apps: Apps, moved: dict[str, str]) -> None:
    for before, after in moved.items():
        apps.get_model("curriculum", "LessonProgress").objects.filter(lesson=before).update(lesson=after)
        apps.get_model("sandboxes", "Sandbox").objects.filter(lesson=before).update(lesson=after)


def forwards(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    move(apps, MOVED)


def backwards(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    move(apps, {after: before for before, after in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [("curriculum", "0001_initial"), ("sandboxes", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
