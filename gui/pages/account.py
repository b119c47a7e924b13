"""The account on the hub: whether there is a token, and a field for one, which goes to the system's keyring.

Knows the session's account; a token is never shown, nor kept here once it was handed on.
"""

from __future__ import annotations

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QLineEdit

from bridge.stored import Account
from gui.look.containers import Fold, bring_into_view
from gui.look.controls import Button, label, text_field
from gui.look.flow_layout import FlowLayout
from gui.look.language import said
from gui.look.theme import Look
from gui.qt_session import QtSession

TOKENS = "https://huggingface.co/settings/tokens"


class AccountFold(Fold):
    """A fold, since the account is needed once."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look, "")
        self._session = session
        self.heading.show_text(self.tr("Account on huggingface.co"))
        words = self.tr(
            "Models whose licence must be accepted there are given to accounts only. Make a token that may read, and "
            "put it in here: it is kept in this system's keyring."
        )
        self.field = text_field(self.tr("Token of your account"), "hf_…")
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.keep = Button(look, self.tr("Keep the token"))
        self.get = Button(look, self.tr("Make a token"))
        self.get.setToolTip(TOKENS)
        self.state = label("", "small", wrap=True)
        self.body.addWidget(label(words, "small", wrap=True))
        self.body.addWidget(self.field)
        buttons = look.pad(FlowLayout(), gap=6)
        buttons.addWidget(self.get)
        buttons.addWidget(self.keep)
        self.body.addLayout(buttons)
        self.body.addWidget(self.state)
        self.get.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(TOKENS)))
        self.keep.clicked.connect(self._keep)
        self.field.returnPressed.connect(self._keep)
        session.account_changed.connect(self.show_account)
        self.toggled.connect(self._turned)
        self.show_account(session.session.models.files.account())

    def show_account(self, account: Account) -> None:
        """Says whether there is a token."""
        self.keep.setEnabled(not account.busy)
        if account.busy:
            words = self.tr("Asking the keyring …")
        elif account.problem:
            words = said(account.problem)
        elif account.stored:
            words = self.tr("A token is stored. Another one replaces it.")
        else:
            words = self.tr("No token is stored.") if account.stored is False else ""
        self.state.setText(words)
        self.state.setVisible(bool(words))

    def come_into_view(self) -> None:
        """Scrolls the page here; the next word typed is the token."""
        bring_into_view(self)
        self.field.setFocus()

    def _turned(self, on: bool) -> None:
        files = self._session.session.models.files
        if on and files.account().stored is None:
            self._session.attempt(files.ask_account)

    def _keep(self) -> None:
        if self.field.text().strip():
            self._session.attempt(self._session.session.models.files.login, self.field.text())
            self.field.clear()
