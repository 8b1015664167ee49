from django.db import migrations

AT_ONCE = 500


def files_become_items(apps, schema_editor):
    """What a case had as files it has as items from now on: the same uid, by whom and since when."""
    CaseFile = apps.get_model("cases", "CaseFile")
    Item = apps.get_model("evidence", "Item")
    CustodyEntry = apps.get_model("evidence", "CustodyEntry")
    case, number, items = None, 0, []
    for row in CaseFile.objects.order_by("case_id", "id").select_related("case", "stored").iterator(AT_ONCE):
        number = number + 1 if row.case_id == case else 1
        case = row.case_id
        items.append(
            Item(
                uid=row.uid,
                stream=row.case.stream,
                branch_id=row.case.branch_id,
                number=number,
                stored_id=row.stored_id,
                source=row.source,
                note=row.note,
                compartment=row.compartment,
                added_by=row.added_by,
                added_at=row.added_at,
            )
        )
    made = Item.objects.bulk_create(items, AT_ONCE)
    digests = dict(CaseFile.objects.values_list("stored_id", "stored__sha256"))
    CustodyEntry.objects.bulk_create(
        (
            CustodyEntry(
                item=item,
                act="received",
                happened_at=item.added_at,
                recorded_at=item.added_at,
                by=item.added_by,
                sha256_after=digests[item.stored_id],
            )
            for item in made
        ),
        AT_ONCE,
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_promise_released"), ("evidence", "0001_items"), ("platform", "0002_search")]

    operations = [
        migrations.RunPython(files_become_items, migrations.RunPython.noop),
        migrations.DeleteModel(name="CaseFile"),
    ]
