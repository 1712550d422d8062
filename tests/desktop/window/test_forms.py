from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox

from desktop.panels.settings_form import SettingsForm, hint
from desktop.snapshot import stage_settings

from .conftest import ToyConfig


def make(app, own=None, preset=None):
    changes = []
    settings = stage_settings(ToyConfig, preset or {}, own or {})
    return SettingsForm(settings, lambda name, value: changes.append((name, value))), settings, changes


def test_each_kind_of_setting_gets_its_editor_with_range_and_unit(app):
    form, _, _ = make(app)
    size = form.editors["size"]
    assert isinstance(size, QSpinBox)
    assert (size.minimum(), size.maximum(), size.value(), size.suffix()) == (320, 8000, 1600, " px")
    assert isinstance(form.editors["cost"], QComboBox)
    assert isinstance(form.editors["fill"], QCheckBox)
    assert isinstance(form.editors["weight"], QDoubleSpinBox)
    assert form.editors["weight"].value() == 0.25


def test_experts_settings_are_hidden_until_asked_for(app):
    form, _, _ = make(app)
    form.show()
    assert form.editors["size"].isVisible()
    assert not form.editors["weight"].isVisible()
    form.toggle.click()
    assert form.editors["weight"].isVisible()


def test_a_change_is_told_in_the_field_s_type_and_reset_goes_back_to_the_preset(app):
    form, settings, changes = make(app, own={"size": 2000}, preset={"size": 1000})
    assert form.editors["size"].value() == 2000
    assert settings[0].changed
    form.resets["size"].click()
    form.editors["cost"].setCurrentIndex(1)
    form.editors["cost"].activated.emit(1)
    form.editors["fill"].click()
    form.editors["weight"].setValue(0.5)
    assert changes == [("size", 1000), ("cost", "census"), ("fill", False), ("weight", 0.5)]
    assert not form.resets["fill"].isEnabled()


def test_the_hint_gives_sentence_default_and_range(app):
    _, settings, _ = make(app)
    assert hint(settings[0]) == "Longest side of the pictures.\nDefault: 1,600 px\nFrom 320 to 8,000 px"
